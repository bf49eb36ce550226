# SPDX-License-Identifier: GPL-2.0-or-later
"""What payloads of IKEv1 hold (RFC 2407 section 4, RFC 2408 section 3)."""

import ipaddress
import struct

from .message import WireError
from .numbers import ESP, IKE

DOI = 1
SITUATION = struct.pack("!II", DOI, 1)
GROUPS = {"modp1024": 2, "modp2048": 14, "x25519": 31}
# fragmentation, and dead peer detection (RFC 3706)
VENDORS = [bytes.fromhex(text) for text in (
    "4048b7d56ebce88525e7de7f00d6c2d380000000", "afcad71368a1f1c96b8696fc77570100")]
_BITS = {"aes128": 128, "aes256": 256}
_INTEGRITY = {"sha256": 5, "sha512": 7}


def _attributes(pairs):
    """Attributes of a transform, all of the short form."""
    return b"".join(struct.pack("!HH", 0x8000 | kind, value) for kind, value in pairs)


def _proposal(protocol, spi, transform, attributes):
    """An SA payload with one proposal of one transform."""
    body = struct.pack("!BBHBBH", 0, 0, 8 + len(attributes), 1, transform, 0) + attributes
    return SITUATION + struct.pack("!BBHBBBB", 0, 0, 8 + len(spi) + len(body), 1, protocol,
                                   len(spi), 1) + spi + body


def phase1(group):
    """What is proposed for the IKE_SA: AES-CBC-128, SHA2-256, a pre-shared key."""
    return _proposal(IKE, b"", 1, _attributes(
        [(1, 7), (14, 128), (2, 4), (3, 1), (4, GROUPS[group]), (11, 1), (12, 14400)]))


def phase2(spi, names):
    """What is proposed for an ESP SA, in tunnel mode: names of algorithms."""
    cipher, integrity, *group = names
    pairs = [(4, 1), (6, _BITS[cipher]), (5, _INTEGRITY[integrity]), (1, 1), (2, 3600)]
    return _proposal(ESP, spi, 12, _attributes(
        pairs + [(3, GROUPS[name]) for name in group]))


def _spi_at(data):
    """Where the SPI of an SA payload's first proposal is: begin and end."""
    if len(data) < 16 or len(data) < 16 + data[14]:
        raise WireError(f"{len(data)} bytes are no SA payload")
    return 16, 16 + data[14]


def proposed(data):
    """The SPI of an SA payload's first proposal."""
    begin, end = _spi_at(data)
    return data[begin:end]


def accepted(data, spi):
    """The answer to an SA payload that has one proposal: the same, with one's own SPI."""
    begin, end = _spi_at(data)
    return data[:begin] + spi + data[end:]


def identity(name):
    """An ID payload with a domain name."""
    return struct.pack("!BBH", 2, 0, 0) + name.encode()


def subnet(text):
    """An ID payload with an IPv4 network, any protocol and port."""
    network = ipaddress.ip_network(text)
    return (struct.pack("!BBH", 4, 0, 0) + network[0].packed +
            network.netmask.packed)


def notify(kind, data=b"", protocol=ESP, spi=b""):
    """A notify payload."""
    return struct.pack("!IBBH", DOI, protocol, len(spi), kind) + spi + data


def notified(data):
    """Number, SPI and data of a notify payload."""
    if len(data) < 8 or len(data) < 8 + data[5]:
        raise WireError(f"{len(data)} bytes are no notify")
    return struct.unpack_from("!H", data, 6)[0], data[8:8 + data[5]], data[8 + data[5]:]


def delete(protocol, spi):
    """A delete payload of one SA."""
    return struct.pack("!IBBH", DOI, protocol, len(spi), 1) + spi


def deleted(data):
    """Protocol and SPIs of a delete payload."""
    if len(data) < 8:
        raise WireError(f"{len(data)} bytes are no delete")
    protocol, size, count = struct.unpack_from("!BBH", data, 4)
    if len(data) != 8 + size * count:
        raise WireError(f"delete of {count} SPIs of {size} bytes in {len(data)}")
    return protocol, [data[8 + size * n:8 + size * (n + 1)] for n in range(count)]
