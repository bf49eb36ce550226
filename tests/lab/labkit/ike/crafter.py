# SPDX-License-Identifier: GPL-2.0-or-later
"""The crafted peer of one scenario: what its steps are given to."""

import re

from .. import base, network
from ..shell import wait_for
from . import flood, words
from .association import About
from .flood import Flood
from .link import Link
from .v1 import V1Association
from .v2 import V2Association

KINDS = {1: V1Association, 2: V2Association}


class Crafter:
    """Plays one gateway, against the charon of the other."""

    def __init__(self, gateway, other, version):
        self._gateway = gateway
        self._other = other
        self._version = version
        self._log = open(f"{gateway.results}/ike.log", "w", encoding="utf-8")
        self._about = About(f"{gateway.name}.example.org", f"{other.name}.example.org",
                            base.SECRET, base.network(gateway.name), base.network(other.name))
        self._address, self._peer = (base.ADDRESSES[one.name]["outer"][0]
                                     for one in (gateway, other))
        self._link = Link(gateway.ns, self._address, self._peer, self._log)
        self._sas = {}
        self._floods = []

    def close(self):
        """Ends it, without a word to the other."""
        for one in self._floods:
            one.stop()
        self._link.close()
        self._log.close()

    def play(self, text):
        """Does a step, and waits for what is to come of it."""
        line = words.parse(self._version, text)
        pattern = re.compile(line.log)
        before = self._other.log_count(pattern) if line.log else 0
        self._association(line).play(line)
        if line.log:
            wait_for(f"a line '{line.log}' in {self._other.name}'s log",
                     lambda: self._other.log_count(pattern) > before)

    def _association(self, line):
        """The IKE_SA of a name: a new one to connect with, or to be unknown with."""
        stray = line.name not in self._sas
        if line.verb == "connect" or stray:
            self._sas[line.name] = KINDS[self._version](self._link, self._about,
                                                        stray and line.verb != "connect")
            self._link.add(self._sas[line.name])
        return self._sas[line.name]

    def flood(self, bounds, beside):
        """Sends many packets with unknown SPIs, to the end or beside of what comes next."""
        if not self._floods:
            network.count_floods(self._other.ns, flood.LENGTH)
        one = Flood(self._gateway.ns, self._version, self._address, self._peer, bounds)
        self._floods.append(one)
        one.start()
        if not beside:
            one.join()

    def flooded(self):
        """How many of the packets charon got, when all are sent; says how many there were."""
        for one in self._floods:
            one.join()
            self._link.note(f"{one.sent} packets in {one.seconds:.1f} s")
        return network.flooded(self._other.ns)
