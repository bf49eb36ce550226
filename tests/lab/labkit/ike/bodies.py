# SPDX-License-Identifier: GPL-2.0-or-later
"""What payloads of IKEv2 hold (RFC 7296 section 3)."""

import ipaddress
import struct

from .message import WireError
from .numbers import AH, ESP, IKE

# transforms as (type, id, key length)
TRANSFORMS = {
    "aes128": (1, 12, 128), "aes256": (1, 12, 256), "prfsha256": (2, 5, 0),
    "sha256": (3, 12, 0), "sha512": (3, 14, 0), "modp1024": (4, 2, 0),
    "modp2048": (4, 14, 0), "x25519": (4, 31, 0), "noesn": (5, 0, 0),
}
GROUP = 4


def _transform(name, more):
    kind, number, keylen = TRANSFORMS[name]
    attribute = struct.pack("!HH", 0x800e, keylen) if keylen else b""
    return struct.pack("!BBHBBH", 3 if more else 0, 0, 8 + len(attribute), kind, 0,
                       number) + attribute


def security_association(protocol, spi, names):
    """An SA payload with one proposal: names of transforms."""
    transforms = b"".join(_transform(name, position < len(names))
                          for position, name in enumerate(names, 1))
    return struct.pack("!BBHBBBB", 0, 0, 8 + len(spi) + len(transforms), 1, protocol,
                       len(spi), len(names)) + spi + transforms


def _first_proposal(data):
    """The first proposal of an SA payload: its bytes, its protocol, its SPI's length."""
    if len(data) < 8:
        raise WireError(f"{len(data)} bytes are no proposal")
    length, _, protocol, size = struct.unpack_from("!HBBB", data, 2)
    if not 8 + size <= length <= len(data):
        raise WireError(f"proposal of length {length} in {len(data)} bytes")
    return data[:length], protocol, size


def proposed(data):
    """Protocol and SPI of an SA payload's first proposal."""
    proposal, protocol, size = _first_proposal(data)
    return protocol, proposal[8:8 + size]


def _transforms(data):
    """The transforms of a proposal, as (type, id, bytes)."""
    while data:
        length = int.from_bytes(data[2:4], "big")
        if not 8 <= length <= len(data):
            raise WireError(f"transform of length {length} in {len(data)} bytes")
        yield data[4], int.from_bytes(data[6:8], "big"), data[:length]
        data = data[length:]


def accepted(data, spi, group):
    """The answer to an SA payload: one algorithm of each type of its first proposal, the
    group of the key exchange among them, and an SPI of one's own."""
    proposal, _, size = _first_proposal(data)
    if len(spi) != size:
        raise WireError(f"an SPI of {size} bytes is proposed")
    chosen = {}
    for kind, number, text in _transforms(proposal[8 + size:]):
        if kind != GROUP or number == group:
            chosen.setdefault(kind, text)
    chosen = [(b"\0" if number == len(chosen) else b"\3") + text[1:]
              for number, text in enumerate(chosen.values(), 1)]
    length = 8 + size + sum(map(len, chosen))
    return (struct.pack("!BBH", 0, 0, length) + proposal[4:7] + bytes([len(chosen)]) + spi +
            b"".join(chosen))


def key_exchange(group, public):
    """A KE payload."""
    return struct.pack("!HH", group, 0) + public


def offered_key(data):
    """Group and public value of a KE payload."""
    if len(data) < 4:
        raise WireError(f"{len(data)} bytes are no key exchange")
    return struct.unpack_from("!H", data)[0], data[4:]


def selectors(*networks):
    """A TS payload: each network, any protocol and port."""
    found = b""
    for text in networks:
        network = ipaddress.ip_network(text)
        found += struct.pack("!BBHHH", 7 if network.version == 4 else 8, 0,
                             8 + 2 * len(network[0].packed), 0, 0xffff)
        found += network[0].packed + network[-1].packed
    return struct.pack("!BBH", len(networks), 0, 0) + found


def identity(name):
    """An ID payload with a domain name."""
    return struct.pack("!BBH", 2, 0, 0) + name.encode()


def auth(data):
    """An AUTH payload with the proof of a pre-shared key."""
    return struct.pack("!BBH", 2, 0, 0) + data


def notify(kind, data=b"", spi=b""):
    """A notify payload."""
    protocol = ESP if spi else 0
    return struct.pack("!BBH", protocol, len(spi), kind) + spi + data


def notified(data):
    """Number and data of a notify payload."""
    if len(data) < 4 or len(data) < 4 + data[1]:
        raise WireError(f"{len(data)} bytes are no notify")
    return struct.unpack_from("!H", data, 2)[0], data[4 + data[1]:]


def delete(spis=()):
    """A delete payload: of ESP SAs, or without SPIs of the IKE_SA itself."""
    size = 4 if spis else 0
    return struct.pack("!BBH", ESP if spis else IKE, size, len(spis)) + b"".join(spis)


def deleted(data):
    """Protocol and SPIs of a delete payload."""
    if len(data) < 4:
        raise WireError(f"{len(data)} bytes are no delete")
    protocol, size, count = struct.unpack_from("!BBH", data)
    if protocol not in (IKE, AH, ESP) or len(data) != 4 + size * count:
        raise WireError(f"delete of {count} SPIs of {size} bytes in {len(data)}")
    return protocol, [data[4 + size * n:4 + size * (n + 1)] for n in range(count)]
