# SPDX-License-Identifier: GPL-2.0-or-later
"""A made-up folder of results, as a good run would leave it, for tests of the checker.

Two gateways, one tunnel that is rekeyed once and then closed. In between a rekey failed,
and moon got packets that were none of the peer's.
"""

import datetime
import json

from . import base
from .shell import write

EPOCH = 1795000000
PIDS = {"moon": 500, "sun": 600}
EXE = {"moon": "/usr/sbin/charon-systemd", "sun": "/usr/lib/ipsec/charon"}
# SPIs that moon and sun receive on, first and second SA
SPIS = [{"moon": 0xc1000001, "sun": 0xc2000001}, {"moon": 0xc1000002, "sun": 0xc2000002}]
# when each SA is established and ends
LIFE = [(10.0, 21.0), (20.0, 30.0)]


def stamp(when):
    """A time as 'ip xfrm monitor' prints it."""
    moment = datetime.datetime.fromtimestamp(EPOCH + when)
    return moment.isoformat(timespec="microseconds")


def policy(name, spi):
    """What the kernel says when an outbound policy points at an SA."""
    local, remote = (base.ADDRESSES[n]["outer"][0] for n in (name, base.peer(name)))
    return (f"src {base.network(name)} dst {base.network(base.peer(name))} \n"
            "\tdir out priority 383615 ptype main \n"
            f"\ttmpl src {local} dst {remote}\n"
            f"\t\tproto esp spi 0x{spi:08x} reqid 1 mode tunnel\n")


class Folder:
    """The lines of each file, free to be changed, and then written."""

    def __init__(self):
        self.audit = []
        self.monitor = {name: [] for name in base.GATEWAYS}
        self.charon = {name: [] for name in base.GATEWAYS}
        self.about = {"scenario": "synthetic", "version": 2, "snapshots": [], "gateways": {
            name: {"addresses": base.addresses(name), "runs": [
                {"pid": PIDS[name], "daemon": "charon", "started": EPOCH + 1.0,
                 "ended": EPOCH + 41.0, "end": "term",
                 "policy": [[EPOCH + 1.0, "success-and-failure"]]}]}
            for name in base.GATEWAYS}}
        self._serial = 100
        self._numbers = dict.fromkeys(base.GATEWAYS, 0)
        for name in base.GATEWAYS:
            self._gateway(name)
        self.about["snapshots"].append(self._snapshot())

    def write(self, folder):
        """Makes the folder."""
        write(f"{folder}/audit.log", "".join(self.audit))
        write(f"{folder}/scenario.json", json.dumps(self.about))
        for name in base.GATEWAYS:
            write(f"{folder}/{name}/xfrm-monitor.log", "".join(self.monitor[name]))
            write(f"{folder}/{name}/charon.log", "".join(self.charon[name]))

    def find(self, *words):
        """Index of the only audit line that has all words."""
        found = [i for i, line in enumerate(self.audit) if all(w in line for w in words)]
        if len(found) != 1:
            raise ValueError(f"{len(found)} lines have {words}")
        return found[0]

    def replace(self, old, new, *words):
        """Replaces text in the only audit line that has all words."""
        index = self.find(old, *words)
        self.audit[index] = self.audit[index].replace(old, new)

    def renumber(self, name):
        """Closes holes in a gateway's rec-seq."""
        number = 0
        for index, line in enumerate(self.audit):
            if f" pid={PIDS[name]} " in line:
                number += 1
                head, rest = line.split("rec-seq=")
                self.audit[index] = f"{head}rec-seq={number} {rest.partition(' ')[2]}"

    def _gateway(self, name):
        self._record(name, 1.0, "op=audit-start instance=1 version=0.1 daemon=charon "
                     "daemon-version=5.9.8 policy=success-and-failure durability=power "
                     "last-run=none last-alive=? open-sas=0 waiting=0")
        self._start(name, 0)
        self._start(name, 1)
        self._end(name, 0, "rekeyed", "local" if name == "moon" else "peer")
        self._failure(name)
        if name == "moon":
            self._packet(name, 23.0, "bad-integrity", 1)
            self._packet(name, 24.0, "several", 7)
        self._end(name, 1, "deleted", "local" if name == "moon" else "peer")
        self._record(name, 40.0, "op=audit-stop instance=1 written=5 "
                     "policy=success-and-failure")

    def _record(self, name, when, body, addr="?", result="success"):
        self._serial += 1
        self._numbers[name] += 1
        self.audit.append(
            f"type=CRYPTO_IPSEC_SA msg=audit({EPOCH + when:.3f}:{self._serial}): "
            f"pid={PIDS[name]} uid=0 auid=4294967295 ses=4294967295 subj=unconfined "
            f"msg='{body} when={EPOCH + when:.3f} rec-seq={self._numbers[name]} "
            f"exe=\"{EXE[name]}\" hostname=? addr={addr} terminal=? res={result}'"
            "\x1dUID=\"root\" AUID=\"unset\"\n")

    def _parts(self, name, index):
        other = base.peer(name)
        role = "initiator" if name == "moon" else "responder"
        who = (f"acct=? direction={role} conn-name=\"gw\" child-name=\"net\" ike-version=2 "
               f"instance=1 ike-sa=1 child-sa={index + 1}")
        kind = "reqid=1 if-id=0 mark=0 satype=ipsec-esp samode=tunnel"
        inside, outside = SPIS[index][name], SPIS[index][other]
        local, remote = (base.ADDRESSES[n]["outer"][0] for n in (name, other))
        path = (f"in-spi={inside}(0x{inside:x}) out-spi={outside}(0x{outside:x}) "
                f"laddr={local} lport=4500 raddr={remote} rport=4500 proto=0 "
                f"local-ts={base.network(name)} remote-ts={base.network(other)} "
                "remote-vip=?")
        ids = f"local-id=\"{name}.example.org\" remote-id=\"{other}.example.org\""
        return who, kind, path, ids, remote

    def _start(self, name, index):
        who, kind, path, ids, remote = self._parts(name, index)
        old = index or "?"
        body = (f"op=start event-id=5451 {who} old-child-sa={old} {kind} cipher=AES_CBC "
                "ksize=128 integ=HMAC_SHA2_256_128 pfs=CURVE_25519 esn=no encap=no "
                f"{path} life-time=3960 life-bytes=0 life-packets=0 {ids}")
        self._record(name, LIFE[index][0], body, remote)
        self._kernel(name, index, LIFE[index][0], "")
        inside, outside = SPIS[index][name], SPIS[index][base.peer(name)]
        self.charon[name].append(f"12:00:00 07[IKE] CHILD_SA net{{{index + 1}}} established "
                                 f"with SPIs {inside:08x}_i {outside:08x}_o and TS\n")

    def _end(self, name, index, reason, party):
        who, kind, path, ids, remote = self._parts(name, index)
        body = (f"op=destroy event-id=5452 {who} {kind} {path} {ids} reason={reason} "
                f"ended-by={party} bytes-in=840 bytes-out=168 packets-in=10 packets-out=2 "
                f"duration={LIFE[index][1] - LIFE[index][0]:.3f} "
                f"total-bytes-in={840 * (index + 1)} total-bytes-out={168 * (index + 1)} "
                f"rekeys={index} last-seen=?")
        self._record(name, LIFE[index][1], body, remote)
        self._kernel(name, index, LIFE[index][1], "Deleted ")

    def _failure(self, name):
        who, _, _, ids, remote = self._parts(name, 1)
        who = who.replace("child-sa=2", f"child-sa={'3' if name == 'moon' else '?'}")
        body = (f"op=start event-id=4654 {who} reqid=1 laddr="
                f"{base.ADDRESSES[name]['outer'][0]} lport=4500 raddr={remote} rport=4500 "
                f"local-ts={base.network(name)} remote-ts={base.network(base.peer(name))} "
                f"proposals=\"ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ\" {ids} "
                "reason=proposal-mismatch-child failure-point=remote qm-state=first-sent "
                "exchange=CREATE_CHILD_SA msgid=4 notify=NO_PROPOSAL_CHOSEN count=1 "
                f"since={EPOCH + 22:.3f}")
        self._record(name, 22.0, body, remote, "failed")

    def _packet(self, name, when, reason, count):
        body = ("op=invalid-packet event-id=4977 ike-version=2 exchange=CREATE_CHILD_SA "
                f"msgid=7 instance=1 ike-sa=1 ike-spi-i={0x1234:016x} ike-spi-r={0x5678:016x} "
                f"laddr={base.ADDRESSES[name]['outer'][0]} lport=500 raddr=198.18.0.1 "
                f"rport=500 packet-len=204 reason={reason} authenticated=no count={count} "
                f"since={EPOCH + when - count + 1:.3f}")
        self._record(name, when, body, "198.18.0.1")

    def _kernel(self, name, index, when, what):
        other = base.peer(name)
        for src, dst in ((other, name), (name, other)):
            self.monitor[name].append(
                f"[{stamp(when)}] {what}src {base.ADDRESSES[src]['outer'][0]} "
                f"dst {base.ADDRESSES[dst]['outer'][0]}\n"
                f"\tproto esp spi 0x{SPIS[index][dst]:08x} reqid 1 mode tunnel\n"
                "\treplay-window 0 \n\tlifetime current:\n\t  "
                f"{'840(bytes), 10' if dst == name else '168(bytes), 2'}(packets)\n")
        self.monitor[name].append(policy(name, SPIS[index][other]))

    def _snapshot(self):
        return dict({name: self._shot(name) for name in base.GATEWAYS}, time=EPOCH + 25.0)

    @staticmethod
    def _shot(name):
        other = base.peer(name)
        inside, outside = SPIS[1][name], SPIS[1][other]
        local, remote = (base.ADDRESSES[n]["outer"][0] for n in (name, other))
        child = {"name": "net", "uniqueid": "2", "reqid": "1", "state": "INSTALLED",
                 "mode": "TUNNEL", "protocol": "ESP", "spi-in": f"{inside:08x}",
                 "spi-out": f"{outside:08x}", "encr-alg": "AES_CBC", "encr-keysize": "128",
                 "integ-alg": "HMAC_SHA2_256_128", "dh-group": "CURVE_25519",
                 "local-ts": [base.network(name)], "remote-ts": [base.network(other)]}
        ike = {"uniqueid": "1", "version": "2", "local-host": local, "local-port": "4500",
               "local-id": f"{name}.example.org", "remote-host": remote,
               "remote-port": "4500", "remote-id": f"{other}.example.org",
               "child-sas": {"net-2": child}}
        raw = " ".join(f"{key}={child[key]}" for key in (
            "name", "state", "mode", "protocol", "spi-in", "spi-out"))
        return {"list-sas": f"list-sa event {{gw {{child-sas {{net-2 {{{raw} }}}}}}}}",
                "sas": [("gw", ike)],
                "xfrm": f"src {remote} dst {local}\n"
                        f"\tproto esp spi 0x{inside:08x}({inside}) reqid 1(0x00000001) "
                        "mode tunnel\n\treplay-window 32 seq 0x00000000 flag af-unspec\n"
                        "\tlifetime config:\n"
                        "\t  limit: soft (INF)(bytes), hard (INF)(bytes)\n"
                        "\t  limit: soft (INF)(packets), hard (INF)(packets)\n"
                        "\t  expire add: soft 3600(sec), hard 3960(sec)\n"}
