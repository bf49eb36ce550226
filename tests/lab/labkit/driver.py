# SPDX-License-Identifier: GPL-2.0-or-later
"""Making tunnels come and go at random, by charon's vici socket."""

from . import base, conf, vici
from .shell import LabError

KINDS = (("up", 3), ("rekey", 3), ("down", 2), ("crowd", 2))
# children of a crowd are c1, c2, …
CROWD = "c"
# how long a tunnel may take: an IKE_SA that only one side knows must not cost more
UP = 6
# of swanctl.conf, a list where it has commas
LISTS = ("_addrs", "_ts", "proposals")


def _listed(tree):
    """Settings of swanctl.conf as vici wants them."""
    return {key: _listed(value) if isinstance(value, dict) else
            value.split(",") if key.endswith(LISTS) else value
            for key, value in tree.items()}


class Driver:
    """Has both gateways do things that somebody else's choice of numbers decides."""

    def __init__(self, gateways, chance):
        self._gateways = gateways
        self._chance = chance
        # who has told the other that there is nothing from before
        self.fresh = "moon"

    def load(self, gateway):
        """What 'swanctl --load-all' does, which takes ten times as long."""
        tree = _listed(conf.build(*gateway.layers("swanctl")))
        with vici.Vici(gateway.socket) as charon:
            for name, secret in tree["secrets"].items():
                charon.request("load-shared", {"id": name, "type": "IKE",
                                               "data": secret["secret"].strip('"')})
            for name, settings in tree["connections"].items():
                answer = charon.request("load-conn", {name: settings})
                if answer.get("success") != "yes":
                    raise LabError(f"{gateway.name}: load-conn: {answer}")

    def begin(self, kinds=KINDS):
        """Begins something, and returns what it was; OSError where what it takes could
        not be made."""
        kind = self._chance.choices(*zip(*kinds))[0]
        getattr(self, f"_do_{kind}")()
        return kind

    def close(self):
        """Ends all IKE_SAs."""
        for name in self._gateways:
            self._ask(name, "terminate", ike="gw", timeout="5000", force="yes")

    def _ask(self, name, command, **message):
        with vici.Vici(self._gateways[name].socket) as charon:
            return charon.request(command, message)

    def _up(self, child, wait=True):
        answer = self._ask(self.fresh, "initiate", child=child,
                           timeout=str(UP * 1000 if wait else -1))
        # charon refuses to have a second one of a child that is up
        if wait and answer.get("success") != "yes" and not self._is_up(child):
            raise OSError(f"initiate {child}: {answer.get('errmsg')}")

    def _is_up(self, child):
        return any(one["name"] == child and one["state"] == "INSTALLED"
                   for _, ike in vici.sas(self._gateways[self.fresh].socket)
                   for one in ike.get("child-sas", {}).values())

    def _either(self):
        return self._chance.choice(base.GATEWAYS)

    def _do_up(self):
        self._up("net", wait=False)

    def _do_rekey(self):
        self._up("net")
        self._ask(self._either(), "rekey", child="net")

    def _do_down(self):
        self._up("net")
        how = self._chance.choice(({"ike": "gw"}, {"child": "net"}))
        self._ask(self._either(), "terminate", timeout="-1", **how)

    def _crowd(self):
        """Names of a crowd's children, as moon's settings have them."""
        tree = conf.build(*self._gateways["moon"].layers("swanctl"))
        return [name for name in tree["connections"]["gw"]["children"]
                if name.startswith(CROWD)]

    def _do_crowd(self):
        """All of them at once, and then perhaps all are rekeyed, or end."""
        children = self._crowd()
        self._up("net")
        what = self._chance.choice(("up", "rekey", "down"))
        for child in children:
            self._up(child, wait=what != "up" and child == children[-1])
        if what == "down":
            self._ask(self._either(), "terminate", ike="gw", timeout="-1")
        elif what == "rekey":
            for child in children:
                self._ask(self.fresh, "rekey", child=child)

    def _do_idle(self):
        """charon has just begun."""
