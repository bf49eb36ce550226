# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel and charon said of the SAs, from the lab's logs."""

import copy
import datetime
import re

from .shell import read

STATE = re.compile(r"(?:\[(?P<time>[^\]]+)\] ?)?(?P<what>Deleted |Updated |Expired )?"
                   r"src (?P<src>\S+) dst (?P<dst>\S+)")
PROTO = re.compile(r"\tproto (?P<proto>\w+) (?:spi (?P<spi>0x[0-9a-f]+))")
TEMPLATE = re.compile(r"\t\tproto \w+ spi (0x[0-9a-f]+)")
FLUSHED = re.compile(r"\[(?P<time>[^\]]+)\] ?Flushed state proto 0")
HARD = re.compile(r"\thard 1")
COUNT = re.compile(r"\t  (\d+)\(bytes\), (\d+)\(packets\)")
ESTABLISHED = re.compile(r"CHILD_SA .*\{\d+\} established with SPIs "
                         r"([0-9a-f]{8})_i ([0-9a-f]{8})_o")


class KernelSa:
    """One SA that the kernel had."""

    def __init__(self, src, dst, spi, first):
        self.src = src
        self.dst = dst
        self.spi = spi
        self.first = first
        self.gone = None
        # (bytes, packets) at its end, as text
        self.count = None


def _moment(text):
    return datetime.datetime.fromisoformat(text).timestamp() if text else 0.0


class Word:
    """The SAs of one gateway, from the output of 'ip -s -ts xfrm monitor'."""

    def __init__(self, text, own):
        self._own = own
        # by direction and SPI; an address change makes more than one of them
        self.inbound = {}
        self.outbound = {}
        # SPIs that an outbound policy has pointed at
        self.used = set()
        self._read(text)
        self._read_policies(text)

    def _read(self, text):
        head = spi = None
        for line in text.splitlines():
            match = STATE.match(line)
            flushed = FLUSHED.match(line)
            if flushed:
                self._end_all(_moment(flushed["time"]))
            if match:
                head, spi = match, None
                continue
            proto = PROTO.match(line)
            # a policy goes on with "\tdir", its templates are not at the first tab
            if head and proto and not spi and proto["proto"] in ("esp", "ah"):
                spi = int(proto["spi"], 16)
                self._note(head, spi)
            elif head and spi and head["what"] == "Expired " and HARD.match(line):
                self._end(head, spi)
            elif head and spi and COUNT.match(line):
                self._count(head, spi, COUNT.match(line).groups())
            elif not spi:
                head = None

    def _read_policies(self, text):
        outbound = False
        for line in text.splitlines():
            template = TEMPLATE.match(line)
            if line.startswith("\tdir "):
                outbound = line.startswith("\tdir out")
            elif template and outbound:
                self.used.add(int(template[1], 16))

    def _known(self, head, spi):
        own = head["dst"] in self._own
        return (self.inbound if own else self.outbound).setdefault(spi, [])

    def _note(self, head, spi):
        if head["what"] == "Deleted ":
            self._end(head, spi)
        elif head["what"] != "Expired ":
            self._known(head, spi).append(
                KernelSa(head["src"], head["dst"], spi, _moment(head["time"])))

    def _count(self, head, spi, count):
        """Takes what an SA had counted; only of those that end is it the last word."""
        for state in self._known(head, spi)[-1:]:
            if head["what"] in ("Deleted ", "Expired "):
                state.count = count

    def _end_all(self, moment):
        for states in [*self.inbound.values(), *self.outbound.values()]:
            for state in states:
                state.gone = state.gone or moment

    def _end(self, head, spi):
        for state in self._known(head, spi):
            state.gone = state.gone or _moment(head["time"])


def _uncounted(known):
    found = {spi: [copy.copy(state) for state in states] for spi, states in known.items()}
    for states in found.values():
        for state in states:
            state.count = None
    return found


def by_peer(peer, pairs):
    """The word on a gateway that has its SAs not in the kernel, by the peer's kernel and
    charon, the SPI pairs of the latter: which there were, but not what they counted."""
    found = Word("", ())
    found.inbound, found.outbound = _uncounted(peer.outbound), _uncounted(peer.inbound)
    found.used = {inside for inside, outside in pairs if outside in peer.used}
    return found


def has_path(states, src, dst):
    """Whether one of the SAs goes from src to dst."""
    return any(state.src == src and state.dst == dst for state in states)


def charon_pairs(text):
    """SPI pairs (in, out) that charon's log calls established."""
    return {(int(i, 16), int(o, 16)) for i, o in ESTABLISHED.findall(text)}


def listed(raw):
    """SPI pairs of swanctl --list-sas --raw, with each one's state."""
    return [(int(i, 16), int(o, 16), state) for state, i, o in re.findall(
        r"\bstate=(\w+) mode=\w+ protocol=\w+(?: encap=\w+)? spi-in=([0-9a-f]+) "
        r"spi-out=([0-9a-f]+)", raw)]


def spi_text(spi):
    """An SPI as the kernel prints it."""
    return f"{spi}(0x{spi:x})"


def _limit(block, pattern):
    found = re.search(pattern, block)
    return found.group(1) if found else "0"


def _state(block):
    """What 'ip -s xfrm state' says of one SA."""
    return {"proto": _limit(block, r"\tproto (\w+)"), "mode": _limit(block, r" mode (\w+)"),
            "reqid": _limit(block, r" reqid (\d+)"), "encap": "\tencap type " in block,
            "esn": re.search(r"\bflag .*\besn\b", block) is not None,
            "life-time": _limit(block, r"expire add: .* hard (\d+)\(sec\)"),
            "life-bytes": _limit(block, r"limit: .* hard (\d+)\(bytes\)"),
            "life-packets": _limit(block, r"limit: .* hard (\d+)\(packets\)")}


def states(text):
    """The SAs that 'ip -s xfrm state' has printed, by SPI."""
    blocks = re.split(r"^(?=src )", text, flags=re.MULTILINE)
    return {int(match.group(1), 16): _state(block) for block in blocks
            for match in [re.search(r"\tproto \w+ spi (0x[0-9a-f]+)", block)] if match}


def word(folder, own):
    """The kernel's word of a gateway's folder of results."""
    # first where an SA was moved to: what the monitor says of its end is the last word
    return Word(read(f"{folder}/xfrm-moved.log") + read(f"{folder}/xfrm-monitor.log"), own)
