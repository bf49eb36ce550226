# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills charons at moments that nobody has chosen, and starts them again.

A round: tunnels are made as it needs them, one thing is begun (up, rekey, down, or
several of them at once), and after a random time one charon or both are killed and
started again. In some rounds the guest's audit is disturbed as well, and set right
some rounds later. Which rounds, when and whom is up to a seed.
"""

import random
import time

from . import driver
from .shell import wait_for

KINDS = driver.KINDS + (("idle", 1),)
WINDOW = 0.4
DISTURBED, RESTORED = 0.6, 0.4
FLUSHED = 0.06
# more than the ledger's grace before it tells of an SA that nobody describes
GRACE = 16
SETTLED = 90


class Crash:
    """Rounds of kills."""

    def __init__(self, gateways, sink, say, settled):
        self._gateways = gateways
        self._sink = sink
        self._say = say
        # whether all records have come
        self._settled = settled
        self._random = None
        self._driver = None
        self._disturbed = None
        self.kills = 0
        # rounds in which the guest's audit was not as it should
        self.disturbed = 0

    def play(self, rounds, seed, disturb):
        """So many rounds, then an end in peace, of which all that is owed comes."""
        self._random = random.Random(seed)
        self._driver = driver.Driver(self._gateways, self._random)
        if "full" in disturb:
            self._sink.small()
        for gateway in self._gateways.values():
            self._driver.load(gateway)
        for number in range(rounds):
            self._disturb(disturb)
            self.disturbed += self._disturbed is not None
            self._round(number)
        self._restore()
        self._rest(disturb)

    # --- a round -----------------------------------------------------------

    def _round(self, number):
        victims = self._random.choice((["moon"], ["sun"], ["moon", "sun"]))
        pause = self._random.uniform(0, WINDOW)
        try:
            kind = self._driver.begin(KINDS)
        except OSError as error:
            # what was to be there is not: one more way to be killed
            kind = str(error)
        time.sleep(pause)
        self._random.shuffle(victims)
        for name in victims:
            self._gateways[name].kill()
            self.kills += 1
        flushed = self._random.random() < FLUSHED
        if flushed:
            self._gateways[victims[0]].command("ip xfrm state flush")
        self._start(victims)
        self._say(f"round {number}: {kind}, {pause:.3f} s, {' and '.join(victims)} killed"
                  f"{', flushed' if flushed else ''}"
                  f"{', audit: ' + self._disturbed if self._disturbed else ''}")

    def _start(self, names):
        for name in names:
            self._gateways[name].start()
        for name in names:
            gateway = self._gateways[name]
            wait_for(f"{name}'s charon to listen", gateway.listens)
            self._driver.load(gateway)
        self._driver.fresh = self._random.choice(names)

    # --- the guest's audit ---------------------------------------------------

    def _disturb(self, ways):
        if self._disturbed:
            if self._random.random() < RESTORED:
                self._restore()
        elif ways and self._random.random() < DISTURBED:
            self._disturbed = self._random.choice(ways)
            if self._disturbed == "backlog":
                self._sink.backlog("16", "25")
                self._sink.stop()
            elif self._disturbed == "off":
                self._sink.switch(False)
            else:
                getattr(self._sink, self._disturbed)()

    def _restore(self):
        undo = {"end": self._sink.start, "kill": self._sink.start, "stop": self._sink.cont,
                "off": lambda: self._sink.switch(True)}
        if self._disturbed == "full":
            self._sink.room()
            self._sink.goon()
        elif self._disturbed == "backlog":
            self._sink.cont()
            self._sink.backlog()
        elif self._disturbed:
            undo[self._disturbed]()
        self._disturbed = None

    # --- the end -------------------------------------------------------------

    def _rest(self, disturb):
        """Both are there, and in the end the kernel has nothing of theirs."""
        time.sleep(GRACE)
        self._driver.close()
        for gateway in self._gateways.values():
            gateway.command("ip xfrm state flush")
        wait_for("all records", self._settled, SETTLED, 0.5)
        if "full" in disturb:
            self._sink.large()
