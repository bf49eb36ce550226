# SPDX-License-Identifier: GPL-2.0-or-later
"""What the integration lab is made of; see README.md beside this folder."""
