# SPDX-License-Identifier: GPL-2.0-or-later
"""Negative tests of the judgement on a charon that was killed and started again.

moon is killed soon after its second SA is established; a second run tells of what the
first has left.
"""

import tempfile

from . import power, synthetic
from .shell import write

FIRST, SECOND = "pid=500", "pid=501"
KILLED, AGAIN = 20.4, 22.0
START, END = "op=start event-id=5451", "op=destroy"
NEW = " child-sa=2 "


def _moon(line):
    return f" {FIRST} " in line or f" {SECOND} " in line


def number(folder):
    """Numbers moon's records, each run's from 1."""
    numbers = {}
    for index, line in enumerate(folder.audit):
        if _moon(line):
            key = line.split(" instance=")[1].split()[0]
            numbers[key] = numbers.get(key, 0) + 1
            head, rest = line.split("rec-seq=")
            folder.audit[index] = f"{head}rec-seq={numbers[key]} {rest.partition(' ')[2]}"


def kill(folder, when=KILLED):
    """moon's charon is killed then, and another one has gone on."""
    folder.about["snapshots"] = []
    runs = folder.about["gateways"]["moon"]["runs"]
    runs.append(dict(runs[0], pid=501, started=synthetic.EPOCH + AGAIN))
    runs[0].update(end="kill", ended=synthetic.EPOCH + when)
    begun = folder.find(f" {FIRST} ", "op=audit-start")
    later = folder.find(f" {FIRST} ", START, NEW) + 1
    for index in range(later, len(folder.audit)):
        line = folder.audit[index].replace(f" {FIRST} ", f" {SECOND} ")
        if f" {SECOND} " in line and END not in line:
            line = line.replace("instance=1", "instance=2")
        folder.audit[index] = line
    again = folder.audit[begun].replace(f" {FIRST} ", f" {SECOND} ").replace(
        "instance=1", "instance=2").replace("last-run=none", "last-run=died").replace(
        f"{synthetic.EPOCH + 1}.000", f"{synthetic.EPOCH + AGAIN + 0.5:.3f}").replace(
        ":101)", ":990)")
    folder.audit.insert(later, again)
    number(folder)


def _drop(folder, *words):
    del folder.audit[folder.find(*words)]


def _again(folder, change, *words):
    """A record stands there once more, changed or not."""
    index = folder.find(*words)
    folder.audit.insert(index + 1, change(folder.audit[index].replace("):", "9):", 1)))


def _tell(folder, body):
    """The second run tells of something else, before it ends."""
    index = folder.find(f" {SECOND} ", "op=audit-stop")
    stop = folder.audit[index]
    result = "failed" if "op=lost" in body else "success"
    told = f"{stop[:stop.index('op=')]}{body}{stop[stop.index(' when='):]}"
    folder.audit.insert(index, told.replace("):", "8):", 1).replace(
        "res=success", f"res={result}"))
    number_of = 1 + max(int(line.split("rec-seq=")[1].split()[0])
                        for line in folder.audit if f" {SECOND} " in line and
                        "instance=2" in line)
    folder.audit[index + 1] = stop.replace(
        f"rec-seq={stop.split('rec-seq=')[1].split()[0]} ", f"rec-seq={number_of} ")


def unkept(folder):
    """Neither record of the SA that was established last."""
    for words in ((START, NEW), (END, NEW)):
        _drop(folder, f" {FIRST} " if START in words else f" {SECOND} ", *words)
    number(folder)


def unknown(folder):
    """The second run tells of it as nobody's."""
    spi = synthetic.SPIS[1]["sun"]
    _tell(folder, f"op=unknown-sa instance=2 satype=ipsec-esp samode=tunnel "
          f"spi={spi}(0x{spi:x}) src-addr=192.0.2.1 dst-addr=192.0.2.2 reqid=1 if-id=0 "
          f"mark=0 creator=? creator-proc=? since={synthetic.EPOCH + 22}.000")
    number(folder)


def _end_missing(folder):
    _drop(folder, f" {SECOND} ", END, NEW)
    number(folder)


def _end_twice(folder):
    _again(folder, lambda line: line, f" {SECOND} ", END, NEW)
    number(folder)


def _gap(folder):
    # the first SA's end, the only one before another record of its run
    _drop(folder, f" {SECOND} ", END, " child-sa=1 ")


def _start_missing(folder):
    _drop(folder, f" {FIRST} ", START, " child-sa=1 ")


def _steps(*changes):
    def spoil(folder):
        for change in changes:
            change(folder)
    return spoil


def _late(folder):
    kill(folder, 21.5)


def _lost(folder):
    _tell(folder, f"op=lost instance=2 count=1 since={synthetic.EPOCH + 22}.000 cause=store")


CASES = [
    ("charon was killed", kill, None),
    ("charon was killed, a 5452 was never written", _steps(kill, _end_missing),
     "no 5452 has it"),
    ("charon was killed, a 5452 has two numbers", _steps(kill, _end_twice),
     "2 records op=destroy"),
    ("charon was killed, a 5452 was sent again",
     _steps(kill, lambda folder: _again(folder, lambda line: line, f" {SECOND} ", END, NEW)),
     None),
    ("charon was killed, a number was used again",
     _steps(kill, lambda folder: _again(
         folder, lambda line: line.replace("ended-by=local", "ended-by=peer"),
         f" {SECOND} ", END, NEW)), "not a sequence"),
    ("charon was killed, a record is missing", _steps(kill, _gap), "no op=lost tells"),
    ("charon was killed, a first record is missing", _steps(kill, _start_missing),
     "no op=lost tells"),
    ("charon was killed, a later run tells of a loss that was none", _steps(kill, _lost),
     "not a sequence with 1 lost"),
    ("charon was killed at once, nobody knows its SA", _steps(kill, unkept), None),
    ("charon was killed later, nobody knows its SA", _steps(_late, unkept), "no 5451 has it"),
    ("charon was killed later, its SA is told of as nobody's", _steps(_late, unkept, unknown),
     None),
    ("an SA is told of as nobody's by the run that made it", _steps(
        _late, unkept, unknown, lambda folder: folder.about["gateways"]["moon"]["runs"][1]
        .update(started=synthetic.EPOCH + 19)), "no 5451 has it"),
]


def _without(*words):
    def spoil(folder):
        _drop(folder, *words)
    return spoil


def _stopped(folder):
    folder.audit = [line.replace("last-run=died", "last-run=stopped")
                    for line in folder.audit]


# what is done to the log after the last boot, and what must be said of it
LOSSES = [
    ("all is there after a power loss", lambda folder: None, None),
    ("a record is nowhere after a power loss", _without(f" {FIRST} ", START, NEW),
     "nowhere after it: op=start"),
    ("a power loss that no start tells of", _stopped, "last-run= is"),
    ("a power loss that no pair has ended by",
     lambda folder: folder.replace("reason=daemon-died", "reason=deleted", NEW),
     "no 5452 has reason"),
]


def losses():
    """Tests of what is judged after a power loss alone."""
    for title, spoil, wanted in LOSSES:
        folder = synthetic.Folder()
        kill(folder)
        folder.replace("reason=deleted", "reason=daemon-died", f" {SECOND} ", END, NEW)
        folder.audit = [line for line in folder.audit if _moon(line)]
        seen = "".join(folder.audit)
        spoil(folder)
        with tempfile.TemporaryDirectory() as path:
            folder.audit = [line.replace("last-run=died", "last-run=rebooted")
                            for line in folder.audit]
            folder.write(path)
            write(f"{path}/seen.log", seen.replace("last-run=died", "last-run=rebooted"))
            said = power.missing(path) + power.died(path)
        good = any(wanted in line for line in said) if wanted else not said
        yield f"power-loss: {title}{' is found' if wanted else ' passes'}", good, said
