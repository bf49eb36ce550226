# SPDX-License-Identifier: GPL-2.0-or-later
"""An IKE peer that does as it is told, so that any bad packet can be sent to a charon.

Speaks enough of IKEv2 (RFC 7296, 7383) and IKEv1 (RFC 2407 to 2409) to have IKE_SAs
and CHILD_SAs with a stock charon; it installs nothing in a kernel. What a scenario may
have it do is in words.py, what it may do wrong in flaws.py.
"""
