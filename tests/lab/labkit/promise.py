# SPDX-License-Identifier: GPL-2.0-or-later
"""The promise: every SPI pair has exactly one 5451 and exactly one 5452.

Checks the folder that a scenario leaves. It knows three witnesses: the audit
log, the kernel ('ip xfrm monitor' of both gateways) and charon (its log and
swanctl --list-sas). What the records say of SPIs must be what the others say.
"""

import collections
import json

from . import census, kernel, trail, witness
from .shell import read

# a policy change and an SA closer than this may come in either order
MARGIN = 1.0
# when= and duration= come from two clocks, and a thread may have to wait between them
CLOCKS = 0.5
# what was said that shortly before a power loss may not have been written down
LATE = 2.0
# a record of what charon ends waits that long for what the kernel has counted
COUNTED = 1.9
WRITING = ("success", "success-and-failure")
# must be the same in both records of an SA; addresses and the IKE_SA may change
SAME = ("acct", "direction", "conn-name", "child-name", "ike-version", "instance",
        "child-sa", "reqid", "if-id", "mark", "satype", "samode", "in-spi", "out-spi",
        "proto", "local-ts", "remote-ts", "local-id", "remote-id")


class Side:
    """One gateway: what the kernel, charon and the audit log say of it."""

    def __init__(self, name, folder, about, records):
        self.name = name
        self.folder = folder
        self.own = about["addresses"]
        self.runs = {entry["pid"]: entry for entry in about["runs"]}
        self.kernel = kernel.word(folder, self.own)
        # what has the SAs instead of the kernel, or None
        self.backend = about.get("backend")
        # what the kernel had taken may have been thrown away: sent again, it comes later
        self.thrown = about.get("thrown", False)
        # the whole machine was switched off, those who watched it as well
        self.dark = about.get("dark", False)
        self.charon = kernel.charon_pairs(read(f"{folder}/charon.log"))
        found = [record for record in records if record.pid in self.runs]
        self.records = trail.once(found)
        # those that were sent again
        self.doubles = len(found) - len(self.records)

    def of(self, kind):
        """Records of a kind; see trail.Record.kind."""
        return [record for record in self.records if record.kind == kind]

    def forbidden(self, moment):
        """Whether no policy demanded a record at that time."""
        for run in self.runs.values():
            end = run.get("ended", float("inf"))
            if run["started"] - MARGIN <= moment <= end + MARGIN:
                return not all(policy in WRITING for policy in _in_force(run, moment))
        return True

    def run_at(self, moment):
        """What ran at a time: the facts of one charon, with its process id, or None."""
        for pid, run in self.runs.items():
            if run["started"] <= moment <= run.get("ended", float("inf")):
                return dict(run, pid=pid)
        return None

    def run_of(self, record):
        """The run that has numbered a record, or None."""
        return next((run for pid, run in self.runs.items()
                     if self.instance(pid) == record.key), None)

    def instance(self, pid):
        """The number of a run's start, as its records have it; None without any."""
        run = self.runs[pid]
        for record in self.of("audit-start"):
            if run["started"] <= record.number("when") <= run.get("ended", float("inf")):
                return record.key
        # one that was killed may have told only what those before it had to tell
        return next((record.key for record in self.records
                     if record.pid == pid and run["end"] == "term"), None)

    def awake(self, pid):
        """When a run began to audit, which may be long after its start; or never."""
        key = self.instance(pid)
        return next((record.number("when") for record in self.of("audit-start")
                     if record.key == key), float("inf"))

    def of_run(self, pid):
        """The records of a run, in the order of their numbers."""
        instance = self.instance(pid)
        return sorted((record for record in self.records if record.key == instance),
                      key=lambda record: record.number("rec-seq"))

    def heir(self, begun, gone):
        """Whether a later run has to tell of the end of an SA that a killed one had."""
        for run in self.runs.values():
            if run["end"] in ("term", "running") and run["started"] > begun and (
                    gone < run.get("ended", float("inf")) - MARGIN):
                return all(policy in WRITING for _, policy in run["policy"])
        return False

    def killed(self, begun, ended):
        """Whether charon was killed, or died, between two times."""
        return any(run["end"] not in ("term", "running") and
                   begun - MARGIN <= run["ended"] <= ended + MARGIN
                   for run in self.runs.values())

    def unwatched(self, record):
        """Whether what a record tells of came too late for the other witnesses."""
        return self.dark and any(
            run["end"] == "kill" and
            run["ended"] - LATE <= record.number("when") <= run["ended"] + MARGIN
            for run in self.runs.values())

    def excused(self, begun, moment):
        """Whether an SA that begun then may lack a record of that moment."""
        if self.killed(begun, moment):
            return not self.heir(begun, moment)
        return self.forbidden(moment)


def _in_force(run, moment):
    """The policies that may have been in force at a time."""
    found = []
    for begun, policy in run["policy"]:
        if begun <= moment - MARGIN:
            found = [policy]
        elif begun <= moment + MARGIN:
            found.append(policy)
    return found or [run["policy"][0][1]]


def _lend(side, other):
    """Has the peer's kernel speak for a gateway that has its SAs not in the kernel."""
    if not side.backend:
        return []
    found = sorted({**side.kernel.inbound, **side.kernel.outbound})
    side.kernel = kernel.by_peer(other.kernel, other.charon)
    return [f"the kernel had SA 0x{spi:x}, they were to be in {side.backend}" for spi in found]


def _grammar(side):
    return [fault for record in side.records for fault in record.faults()]


def _lost(records, cause):
    """How many losses of a kind the records tell of."""
    return sum(int(record.number("count")) for record in records
               if record.op == "lost" and record.fields.get("cause") == cause)


def _sequence(side):
    """Records of each start of a daemon are numbered, op=lost tells of each hole.

    The one that tells may be of a later run, where charon was killed.
    """
    problems = []
    numbers = collections.defaultdict(list)
    for record in side.records:
        numbers[record.key].append(record)
    owed = 0
    for instance, records in sorted(numbers.items(), key=lambda pair: int(pair[0] or 0)):
        found = sorted(int(record.number("rec-seq")) for record in records)
        holes = found[-1] - len(found)
        counted = _lost(records, "audit") + _lost(records, "store")
        owed += holes - counted
        killed = any(run["end"] == "kill" and side.instance(pid) == instance
                     for pid, run in side.runs.items())
        if len(found) != len(set(found)) or owed < 0 or (holes != counted and not killed
                                                         and owed):
            problems.append(f"rec-seq of instance={instance} is "
                            f"{' '.join(map(str, found))}, not a sequence with {counted} "
                            "lost")
            owed = 0
    if owed:
        problems.append(f"{owed} records are missing, and no op=lost tells of them")
    return problems


def _frame(side):
    """audit-start comes first and audit-stop last, under a policy that writes."""
    problems = []
    for pid, run in side.runs.items():
        ops = [record.op for record in side.of_run(pid)]
        if not ops and run["end"] == "kill":
            # before it could keep anything
            continue
        first, last = run["policy"][0][1], run["policy"][-1][1]
        writes = [policy in WRITING + ("failure",) for policy in (first, last)]
        if ops.count("audit-start") != writes[0] or (writes[0] and ops[0] != "audit-start"):
            problems.append(f"pid={pid} started under policy {first}: its records are "
                            f"{' '.join(ops) or 'none'}")
        stops = writes[1] and run["end"] == "term"
        if ops.count("audit-stop") != stops or (stops and ops[-1] != "audit-stop"):
            problems.append(f"pid={pid} ended ({run['end']}) under policy {last}: its "
                            f"records are {' '.join(ops) or 'none'}")
        if ops and not any(policy != "not-loaded" for _, policy in run["policy"]):
            problems.append(f"pid={pid} has records without the plugin")
    return problems


def _doubles(side):
    problems = []
    for op in ("start", "destroy"):
        count = collections.Counter(
            (record.key, record.fields.get("child-sa")) for record in side.of(op))
        problems += [f"{number} records op={op} of instance={key} child-sa={child}"
                     for (key, child), number in count.items() if number > 1]
        count = collections.Counter(record.spi("in-spi") for record in side.of(op))
        problems += [f"{number} records op={op} of in-spi=0x{spi:x}"
                     for spi, number in count.items() if number > 1]
    return problems


def _life(side):
    """Both records of an SA agree, and come in order."""
    problems = []
    starts = {(record.key, record.fields.get("child-sa")): record
              for record in side.of("start")}
    for end in side.of("destroy"):
        start = starts.get((end.key, end.fields.get("child-sa")))
        if not start:
            if not side.forbidden(end.number("when") - end.number("duration")):
                problems.append(f"5452 without 5451: {end.brief()}")
            continue
        if start.number("rec-seq") > end.number("rec-seq") or (
                start.number("when") > end.number("when")):
            problems.append(f"5452 before 5451: {end.brief()}")
        lived = end.number("when") - start.number("when")
        if abs(lived - end.number("duration")) > CLOCKS:
            problems.append(f"duration is not the time between both: {end.brief()}")
        problems += [f"{name} was {start.fields.get(name)} in the 5451 of: {end.brief()}"
                     for name in SAME if start.fields.get(name) != end.fields.get(name)]
    late = census.overtaken(side)
    if late and not side.thrown:
        problems.append(f"{late} 5452 came before their 5451")
    return problems


def _spis(side, other):
    """Every SPI of a record is one that the kernels had, in that direction."""
    problems = []
    for record in side.of("start") + side.of("destroy"):
        if side.unwatched(record):
            continue
        inside, outside = record.spi("in-spi"), record.spi("out-spi")
        local, remote = record.fields.get("laddr"), record.fields.get("raddr")
        if not kernel.has_path(side.kernel.inbound.get(inside, []), remote, local):
            problems.append(f"the kernel had no inbound SA {remote} -> {local} with this "
                            f"in-spi: {record.brief()}")
        # the loser of a rekey collision may have a record, but no outbound SA:
        # then it is the peer's kernel that had the SPI, inbound
        out = side.kernel.outbound.get(outside) or other.kernel.inbound.get(outside, [])
        if not kernel.has_path(out, local, remote):
            problems.append(f"no kernel had an SA {local} -> {remote} with this "
                            f"out-spi: {record.brief()}")
        if (inside, outside) not in side.charon:
            problems.append(f"charon's log has no such SPI pair: {record.brief()}")
    return problems


def _complete(side):
    """Every SA that traffic could leave by has its two records.

    The loser of a rekey collision is in the kernel for a while, but no policy ever
    points at it: it need not have them. A loss that is told of may be of any of them.
    """
    problems = []
    missing = []
    for pair, fate, begun, ended in census.pairs(side):
        if pair.gone is None and not side.killed(pair.begun, float("inf")):
            problems.append(f"out-spi 0x{pair.spi:x} was never removed from the kernel")
        if fate == "missing" and not begun:
            missing.append(f"the kernel had out-spi 0x{pair.spi:x}, no 5451 has it")
        if fate == "missing" and not ended and pair.gone:
            missing.append(f"the kernel had out-spi 0x{pair.spi:x}, no 5452 has it")
    told = 2 * _lost(side.records, "queue") + sum(
        _lost(side.records, cause) for cause in ("audit", "store"))
    return problems + (missing if len(missing) > told else [])


def _mirrored(side, other):
    """What is inbound here is outbound there."""
    problems = []
    there = {record.spi("in-spi"): record for record in other.of("start")}
    for record in side.of("start"):
        match = there.get(record.spi("out-spi"))
        if match and match.spi("out-spi") != record.spi("in-spi"):
            problems.append(f"the peer pairs these SPIs otherwise: {record.brief()} and "
                            f"{match.brief()}")
    return problems


def _counted(side):
    """What went through an SA is what its kernel counted.

    A record of what others did to the SA is not to wait for the other half.
    """
    problems = []
    blind = "cannot be watched" in read(f"{side.folder}/charon.log") or any(
        record.op == "lost" for record in side.records)
    for record in side.of("destroy"):
        if side.unwatched(record):
            continue
        hasty = record.fields.get("reason", "").startswith(("external-", "daemon-died"))
        for way, states in (("in", side.kernel.inbound), ("out", side.kernel.outbound)):
            found = states.get(record.spi(f"{way}-spi"), [])
            counted = found[-1].count if found else None
            said = tuple(record.fields.get(f"{what}-{way}") for what in ("bytes", "packets"))
            late = found and (found[-1].gone or 0) - record.number("when") > COUNTED
            if said != (counted or ("?", "?")) and not (
                    said == ("?", "?") and (blind or hasty or late)):
                problems.append(f"the kernel counted {counted} {way}: {record.brief()}")
    return problems


def _snapshots(side, shots):
    """swanctl --list-sas, the kernel and the records agree on what is up."""
    problems = []
    for shot in shots:
        here, time = shot[side.name], shot["time"]
        run = side.run_at(time)
        lost = any(_lost(side.records, cause) for cause in ("queue", "audit", "store"))
        if not run or lost or (
                any(policy not in WRITING for _, policy in run["policy"])):
            continue
        own = [record for record in side.of_run(run["pid"]) if record.number("when") < time]
        ended = {record.spi("in-spi") for record in own if record.kind == "destroy"}
        begun = [record for record in own
                 if record.kind == "start" and record.spi("in-spi") not in ended]
        is_open = {(record.spi("in-spi"), record.spi("out-spi")) for record in begun}
        up = {(i, o) for i, o, state in kernel.listed(here["list-sas"])
              if state in ("INSTALLED", "REKEYING", "REKEYED", "DELETING", "DELETED")}
        problems += _facts(side, here, begun)
        if is_open != up:
            problems.append(f"{side.name}: by its records {_spi_text(is_open)} are up, by "
                            f"swanctl --list-sas {_spi_text(up)}")
    return problems


def _facts(side, shot, up):
    """What a snapshot says otherwise than the records of SAs that are up."""
    ike_sas = {ike["uniqueid"] for _, ike in shot["sas"]}

    def moved(record):
        states = side.kernel.inbound.get(record.spi("in-spi"), [])
        return len(states) > 1 or record.fields.get("ike-sa") not in ike_sas

    return [_named(side, text) for text in witness.check(up, shot, moved)]


def _spi_text(pairs):
    return " ".join(f"{i:08x}_i/{o:08x}_o" for i, o in sorted(pairs)) or "none"


def sides_of(folder, about, records):
    """Both gateways of a folder of results."""
    return [Side(name, f"{folder}/{name}", about["gateways"][name], records)
            for name in sorted(about["gateways"])]


def counts(folder):
    """What became of the SPI pairs, in words."""
    with open(f"{folder}/scenario.json", encoding="utf-8") as file:
        about = json.load(file)
    return census.count(sides_of(folder, about, trail.read(f"{folder}/audit.log")))


def check(folder, ausearch=True):
    """All that is wrong with a folder of results, as lines of text."""
    with open(f"{folder}/scenario.json", encoding="utf-8") as file:
        about = json.load(file)
    path = f"{folder}/audit.log"
    records = trail.read(path)
    sides = sides_of(folder, about, records)
    problems = trail.ausearch_faults(path, records) if ausearch else []
    known = {pid for side in sides for pid in side.runs}
    problems += [f"a record of neither gateway: {record.brief()}"
                 for record in records if record.pid not in known]
    for side, other in zip(sides, reversed(sides)):
        problems += [_named(side, text) for text in _lend(side, other)]
    rules = (_grammar, _sequence, _frame, _doubles, _life, _complete, _counted)
    if about.get("lossy"):
        rules = (_grammar, _doubles)
    for side, other in zip(sides, reversed(sides)):
        for rule in rules:
            problems += [_named(side, text) for text in rule(side)]
        problems += [_named(side, text) for text in _spis(side, other)]
        problems += [_named(side, text) for text in _mirrored(side, other)]
        if not about.get("lossy"):
            problems += _snapshots(side, about.get("snapshots", []))
    return problems


def _named(side, text):
    return text if text.startswith(side.name) else f"{side.name}: {text}"
