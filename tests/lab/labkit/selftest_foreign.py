# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of how libreswan's records are compared with ours."""

import copy
import tempfile

from . import foreign, kernel, scenario, trail
from .shell import write

# SPIs that sun and moon receive on
SUN, MOON = 0xc1000001, 0xc2000002
HOSTS = {"sun": "192.0.2.2", "moon": "192.0.2.1"}


def _event(name, code):
    """An event of sun's libreswan, or of moon's charon."""
    inside, outside = (SUN, MOON) if name == "sun" else (MOON, SUN)
    other = "moon" if name == "sun" else "sun"
    data = {"InboundSpi": str(inside), "OutboundSpi": str(outside), "AhAuthType": "-",
            "EspAuthType": "%%16394", "CipherType": "%%16400", "Mode": "%%16404",
            "LocalTunnelEndpoint": HOSTS[name], "RemoteTunnelEndpoint": HOSTS[other]}
    more = {"quirks": foreign.QUIRKS} if name == "sun" else {}
    return {"event": {"code": code}, "winlog": {"event_data": data}, "qm_audit": more}


def _all(name):
    pair = (SUN, MOON) if name == "sun" else (MOON, SUN)
    return {code: {pair: [_event(name, code)]} for code in (5451, 5452)}


def _word():
    word = kernel.Word("", ())
    word.inbound, word.outbound = {SUN: []}, {MOON: []}
    return word


def _set(name, value):
    """Libreswan's 5451 says something else."""
    def spoil(theirs):
        theirs[5451][(SUN, MOON)][0]["winlog"]["event_data"][name] = value
    return spoil


def _turn(theirs):
    for code in theirs:
        theirs[code] = {pair[::-1]: events for pair, events in theirs[code].items()}


def _twice(theirs):
    theirs[5451][(SUN, MOON)] *= 2


# what is done to libreswan's events, whether it was killed, and what must be said of it
EVENTS = [
    ("both tell the same", lambda theirs: None, False, None),
    ("another cipher", _set("CipherType", "%%16402"), False, "CipherType is %%16402"),
    ("another mode", _set("Mode", "%%16403"), False, "Mode is"),
    ("another peer", _set("RemoteTunnelEndpoint", "192.0.2.3"), False, "RemoteTunnelEndpoint"),
    ("no cipher at all", _set("CipherType", "-"), False, "too little"),
    ("an address that was cut off", _set("RemoteTunnelEndpoint", "-"), False, None),
    ("SPIs that nobody turned round", _turn, False, "in these directions"),
    ("a 5451 too much", _twice, False, "2 5451 of libreswan"),
    ("no 5451", lambda theirs: theirs[5451].clear(), False, "5451 of libreswan have none"),
    ("no 5452", lambda theirs: theirs[5452].clear(), False, "5452 of libreswan have none"),
    ("no 5452 of one that was killed", lambda theirs: theirs[5452].clear(), True, None),
    ("no quirk", lambda theirs: theirs[5451][(SUN, MOON)][0]["qm_audit"].clear(), False,
     "quirks"),
]
# SPIs of a plain record, as libauparse has them, and what must be said of them
PLAIN = [
    ("as ever", f"{MOON}(0x{MOON}", f"{SUN}(0x{SUN}", None),
    ("turned round", f"{SUN}(0x{SUN}", f"{MOON}(0x{MOON}", "not as it used to be"),
    ("in hexadecimal", f"{MOON}(0x{MOON:x}", f"{SUN}(0x{SUN:x}", "not as it used to be"),
]
HEAD = "title: t\nwhy: w\nversions: 2\n"
# a scenario, and what must be said of it
SCENARIOS = [
    ("libreswan", "peer: libreswan\n[libreswan sun]\nesp = aes\n", None),
    ("libreswan with charon's settings", "peer: libreswan\n[swanctl sun]\na = b\n",
     "it has no charon"),
    ("settings of a libreswan that is not there", "[libreswan sun]\na = b\n", "only sun is"),
]


def _read(text):
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/s.scn", HEAD + text)
        try:
            scenario.Scenario(f"{folder}/s.scn")
        except scenario.ScenarioError as error:
            return [str(error)]
    return []


def _plain(inside, outside):
    ours = trail.Record([("op", "start"), ("in-spi", f"{MOON}(0x{MOON:x})"),
                         ("out-spi", f"{SUN}(0x{SUN:x})")], 0, 0)
    theirs = trail.Record([("op", "start"), ("in-spi", inside), ("out-spi", outside),
                           ("res", "success")], 0, 0)
    return foreign.plain([theirs], [ours])


def _judge(spoil, killed):
    theirs = copy.deepcopy(_all("sun"))
    spoil(theirs)
    return foreign.judge(theirs, _all("moon"), _word(), killed)


def tests():
    """All of them: title, whether it did well, what was said."""
    found = [(title, _judge(spoil, killed), wanted)
             for title, spoil, killed, wanted in EVENTS]
    found += [(f"SPIs {title}", _plain(*spis), wanted) for title, *spis, wanted in PLAIN]
    found += [(title, _read(text), wanted) for title, text, wanted in SCENARIOS]
    for title, said, wanted in found:
        good = any(wanted in line for line in said) if wanted else not said
        yield f"libreswan: {title}{' is found' if wanted else ' passes'}", good, said
