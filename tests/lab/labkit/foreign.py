# SPDX-License-Identifier: GPL-2.0-or-later
"""libreswan's own audit records of the tunnels that it has with moon, beside ours.

What it calls in-spi is its outbound SPI, and its "hex" holds decimal digits. The plain
records are compared as they are, and what qm-audit events makes of them.
"""

import json

from . import kernel, trail
from .shell import run

# fields of a 5451 that must be the same on both sides, and those that change sides
SAME = ("AhAuthType", "EspAuthType", "CipherType", "Mode")
CROSSED = (("InboundSpi", "OutboundSpi"), ("OutboundSpi", "InboundSpi"),
           ("LocalTunnelEndpoint", "RemoteTunnelEndpoint"),
           ("RemoteTunnelEndpoint", "LocalTunnelEndpoint"))
# not in a record that was cut short, and then not known
UNKNOWN = "-"
QUIRKS = "libreswan,spis-swapped,spi-hex,addr-is-local"


def _events(log):
    """What qm-audit events shows of a log: 5451 and 5452, each by its SPI pair."""
    status, text = run(["qm-audit", "events", "--format", "json", log], check=False)
    found = {5451: {}, 5452: {}}
    for line in text.splitlines() if status == 0 else []:
        event = json.loads(line)
        code = event["event"]["code"]
        if code in found:
            found[code].setdefault(_pair(event), []).append(event)
    return found


def _pair(event):
    """SPIs of an event, (in, out), as numbers."""
    data, more = event["winlog"]["event_data"], event["qm_audit"]
    if "InboundSpi" in data:
        return int(data["InboundSpi"]), int(data["OutboundSpi"])
    return tuple(int(more[name].partition("(")[0]) for name in ("in-spi", "out-spi"))


def _text(pairs):
    return " ".join(f"{i:08x}/{o:08x}" for i, o in sorted(pairs)) or "none"


def _told(code, theirs, ours, less):
    """Both tell of the same pairs, once; one that was killed may tell of less."""
    crossed = {(o, i) for i, o in ours}
    problems = [f"sun: {len(events)} {code} of libreswan with SPIs {_text([pair])}"
                for pair, events in theirs.items() if len(events) > 1]
    if not (set(theirs) <= crossed if less else set(theirs) == crossed):
        problems.append(f"sun: {code} of libreswan have {_text(theirs)}, moon's have "
                        f"{_text(crossed)} the other way round")
    return problems


def _fields(theirs, ours):
    """What a 5451 of libreswan says otherwise than ours of the same SA."""
    one, other = (event["winlog"]["event_data"] for event in (theirs, ours))
    pairs = [(name, name) for name in SAME] + list(CROSSED)
    problems = [f"sun: libreswan's {name} is {one[name]}, our {match} {other[match]}"
                for name, match in pairs
                if one[name] != other[match] and one[name] != UNKNOWN]
    quirks = theirs["qm_audit"].get("quirks", "")
    if not quirks.startswith(QUIRKS):
        problems.append(f"sun: the quirks of a 5451 are called '{quirks}'")
    if UNKNOWN in (one["InboundSpi"], one["Mode"], one["CipherType"]):
        problems.append(f"sun: a 5451 of libreswan says too little: {one}")
    return problems


def plain(records, ours):
    """The records as they are: swapped and decimal, or what is set right is not wrong."""
    problems = []
    ends = {record.spi("in-spi"): record.spi("out-spi") for record in ours
            if record.kind in ("start", "destroy")}
    for record in records:
        if record.op != "destroy" and record.fields.get("res") != "success":
            continue
        # libauparse drops the last bracket
        said = [record.fields[name].rstrip(")").split("(0x")
                for name in ("in-spi", "out-spi")]
        inside, outside = (int(words[0]) for words in said)
        if ends.get(inside) != outside or any(hexa.lstrip("0") != decimal
                                              for decimal, hexa in said):
            problems.append(f"sun: libreswan's record is not as it used to be, and no SA "
                            f"of ours: {record.brief()}")
    return problems


def _kernel(pairs, word):
    """What the reader calls inbound is so in libreswan's own kernel."""
    return [f"sun: the kernel had no SAs {_text([pair])} in these directions"
            for pair in pairs if pair[0] not in word.inbound or pair[1] not in word.outbound]


def judge(theirs, ours, word, killed):
    """What is wrong with libreswan's events, as they are shown, beside ours and the word
    of its kernel."""
    problems = []
    for code in (5451, 5452):
        problems += _told(code, theirs[code], ours[code], killed and code == 5452)
        problems += _kernel(theirs[code], word)
    for pair, (event, *_) in theirs[5451].items():
        for match in ours[5451].get(pair[::-1], []):
            problems += _fields(event, match)
    return problems


def check(folder, addresses, killed):
    """What is wrong with libreswan's records of one run, killed in it or not."""
    log, own = f"{folder}/sun/audit.log", f"{folder}/audit.log"
    records = trail.read(log)
    return (trail.ausearch_faults(log, records) + plain(records, trail.read(own)) +
            judge(_events(log), _events(own), kernel.word(f"{folder}/sun", addresses), killed))


def note(folder):
    """How many of libreswan's records were compared, in words."""
    found = _events(f"{folder}/sun/audit.log")
    return ", ".join(f"{len(found[code])} {code}" for code in sorted(found)) + " of libreswan"
