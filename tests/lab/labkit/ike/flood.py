# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that anybody can send, as fast as they can be sent, from any address."""

import ipaddress
import os
import socket
import struct
import threading
import time

from ..namespace import inside
from .message import GENERIC, HEADER, Header
from .numbers import EXCHANGES, P2, V1_ENCRYPTED, V2_INITIATOR

# set aside for tests of network devices (RFC 2544)
SOURCES = ipaddress.ip_network("198.18.0.0/15")
PORT = 500
# no message of a peer that encrypts whole blocks is as long: they can be told apart
CONTENT = 133
LENGTH = HEADER.size + CONTENT
# how many packets are sent between two looks at the clock
BURST = 64


def _message(version):
    """A CREATE_CHILD_SA or a Quick Mode of an IKE_SA that nobody knows."""
    body = os.urandom(CONTENT)
    if version == 2:
        body = GENERIC.pack(P2.SA, 0, CONTENT) + body[GENERIC.size:]
        header = Header(os.urandom(8), os.urandom(8), P2.SK, 2,
                        EXCHANGES[2]["CREATE_CHILD_SA"], V2_INITIATOR, 2)
    else:
        header = Header(os.urandom(8), os.urandom(8), 8, 1, EXCHANGES[1]["QUICK_MODE"],
                        V1_ENCRYPTED, int.from_bytes(os.urandom(4), "big"))
    return header.pack(len(body)) + body


def datagram(source, target, payload):
    """An IPv4 packet with a UDP datagram without a checksum; the kernel fills in the
    rest of the IP header."""
    length = 28 + len(payload)
    return (struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, socket.IPPROTO_UDP, 0,
                        ipaddress.ip_address(source).packed,
                        ipaddress.ip_address(target).packed) +
            struct.pack("!HHHH", PORT, PORT, length - 20, 0) + payload)


def _packets(version, address, peer, sources):
    """One packet for each source, whose SPIs are changed before it is sent."""
    spoofed = [str(SOURCES[number]) for number in range(1, sources + 1)]
    return [bytearray(datagram(source, peer, _message(version)))
            for source in (spoofed if sources > 1 else [address])]


class Flood(threading.Thread):
    """Sends no more than so many packets, for no longer than so many seconds.

    From the peer's own address, or from many that are not its own.
    """

    def __init__(self, namespace, version, address, peer, bounds):
        super().__init__(daemon=True)
        self.sent = 0
        self.seconds = 0.0
        self._bounds = bounds
        self._peer = peer
        self._packets = _packets(version, address, peer, bounds["sources"])
        with inside(namespace):
            self._raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def run(self):
        """The thread: sends, until a bound is reached."""
        begun = time.monotonic()
        while self.sent < self._bounds["count"] and self.seconds < self._bounds["seconds"]:
            packet = self._packets[self.sent % len(self._packets)]
            self.sent += 1
            # another initiator's SPI each time
            struct.pack_into("!Q", packet, 28, self.sent)
            self._raw.sendto(packet, (self._peer, 0))
            if not self.sent % BURST:
                self.seconds = time.monotonic() - begun
        self.seconds = time.monotonic() - begun

    def stop(self):
        """Ends it, whatever is left."""
        self._bounds = dict(self._bounds, count=0)
        self.join()
        self._raw.close()
