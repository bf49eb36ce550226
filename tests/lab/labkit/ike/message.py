# SPDX-License-Identifier: GPL-2.0-or-later
"""IKE messages as bytes: the header and the chain of payloads, of both versions.

Nothing that is built here has to be right: every length can be a lie. What is read
comes from a charon, but is checked all the same, or a bug would look like an answer.
"""

import dataclasses
import struct

from . import numbers

HEADER = struct.Struct("!8s8sBBBBII")
GENERIC = struct.Struct("!BBH")
CRITICAL = 0x80


class WireError(Exception):
    """Bytes that are no such thing; the text says what is wrong with them."""


@dataclasses.dataclass
class Header:
    """An IKE header; length None is the right one."""

    spi_i: bytes
    spi_r: bytes
    first: int
    version: int
    exchange: int
    flags: int
    mid: int
    length: int = None

    def pack(self, rest):
        """The header's bytes, before that many others."""
        length = HEADER.size + rest if self.length is None else self.length
        return HEADER.pack(self.spi_i, self.spi_r, self.first, self.version << 4,
                           self.exchange, self.flags, self.mid, length)

    @classmethod
    def unpack(cls, data):
        """The header of a message."""
        if len(data) < HEADER.size:
            raise WireError(f"{len(data)} bytes are no IKE message")
        fields = list(HEADER.unpack_from(data))
        fields[3] >>= 4
        return cls(*fields)

    @property
    def response(self):
        """Whether it is a response of IKEv2."""
        return bool(self.flags & numbers.V2_RESPONSE)


@dataclasses.dataclass
class Payload:
    """A payload; length None is the right one."""

    kind: int
    body: bytes
    critical: bool = False
    length: int = None

    def pack(self, following):
        """The payload's bytes, the next one being of a kind."""
        length = GENERIC.size + len(self.body) if self.length is None else self.length
        return GENERIC.pack(following, CRITICAL if self.critical else 0, length) + self.body


def chain(payloads):
    """Payloads one after the other: the kind of the first, and all bytes."""
    kinds = [payload.kind for payload in payloads] + [0]
    return kinds[0], b"".join(payload.pack(following) for payload, following
                              in zip(payloads, kinds[1:]))


def parse_chain(kind, data):
    """The payloads of a chain, an SK or SKF payload being the last."""
    found = []
    while kind:
        if len(data) < GENERIC.size:
            raise WireError(f"{len(data)} bytes are no payload of type {kind}")
        following, flags, length = GENERIC.unpack_from(data)
        if not GENERIC.size <= length <= len(data):
            raise WireError(f"length {length} of payload {kind}, {len(data)} bytes are left")
        found.append(Payload(kind, data[GENERIC.size:length], bool(flags & CRITICAL)))
        if kind in (numbers.P2.SK, numbers.P2.SKF):
            return found, following
        kind, data = following, data[length:]
    return found, 0


def first(payloads, kind):
    """The first payload of a kind, None where there is none."""
    return next((payload for payload in payloads if payload.kind == kind), None)


def body(payloads, kind):
    """The content of the first payload of a kind, which must be there."""
    found = first(payloads, kind)
    if found is None:
        raise WireError(f"no {kind!r} among payloads {[one.kind for one in payloads]}")
    return found.body
