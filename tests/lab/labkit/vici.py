# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of charon's vici socket.

swanctl's files have no room for a blank or a quote in a name, and its output cannot
be split where a name has them: here messages are dicts of strings, lists and dicts.
"""

import socket
import struct

REQUEST, RESPONSE, UNKNOWN, REGISTER, UNREGISTER, CONFIRM, NO_EVENT, EVENT = range(8)
SECTION, END, VALUE, LIST, ITEM, LIST_END = range(1, 7)


def _bytes(text):
    return str(text).encode("utf-8", errors="surrogateescape")


def _name(text):
    return struct.pack("!B", len(_bytes(text))) + _bytes(text)


def _value(text):
    return struct.pack("!H", len(_bytes(text))) + _bytes(text)


def encode(message):
    """The bytes of a message."""
    data = b""
    for name, value in message.items():
        if isinstance(value, dict):
            data += bytes([SECTION]) + _name(name) + encode(value) + bytes([END])
        elif isinstance(value, list):
            items = b"".join(bytes([ITEM]) + _value(item) for item in value)
            data += bytes([LIST]) + _name(name) + items + bytes([LIST_END])
        else:
            data += bytes([VALUE]) + _name(name) + _value(value)
    return data


class _Reader:
    def __init__(self, data):
        self._data = data
        self._at = 0

    def _text(self, shape):
        (length,) = struct.unpack_from(shape, self._data, self._at)
        begin = self._at + struct.calcsize(shape)
        self._at = begin + length
        return self._data[begin:self._at].decode("utf-8", errors="surrogateescape")

    def _kind(self):
        self._at += 1
        return self._data[self._at - 1]

    def _items(self):
        items = []
        while self._kind() == ITEM:
            items.append(self._text("!H"))
        return items

    def section(self):
        """All up to the end of the section."""
        found = {}
        while self._at < len(self._data):
            kind = self._kind()
            if kind == END:
                break
            name = self._text("!B")
            if kind == SECTION:
                found[name] = self.section()
            else:
                found[name] = self._items() if kind == LIST else self._text("!H")
        return found


def decode(data):
    """The message of some bytes."""
    return _Reader(data).section()


class Vici:
    """A connection to charon."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _send(self, kind, name, data=b""):
        packet = bytes([kind]) + _name(name) + data
        self._socket.sendall(struct.pack("!I", len(packet)) + packet)

    def _exactly(self, length):
        data = b""
        while len(data) < length:
            more = self._socket.recv(length - len(data))
            if not more:
                raise OSError("charon has closed its vici socket")
            data += more
        return data

    def _receive(self):
        """The next packet: its kind and its message."""
        (length,) = struct.unpack("!I", self._exactly(4))
        packet = self._exactly(length)
        if packet[0] in (UNKNOWN, NO_EVENT):
            raise OSError("charon knows no such vici command or event")
        begin = 2 + packet[1] if packet[0] == EVENT else 1
        return packet[0], decode(packet[begin:])

    def request(self, name, message=None):
        """charon's answer to a command."""
        self._send(REQUEST, name, encode(message or {}))
        return self._receive()[1]

    def stream(self, name, event, message=None):
        """The events that a command gives rise to, up to its answer."""
        found = []
        self._send(REGISTER, event)
        self._receive()
        self._send(REQUEST, name, encode(message or {}))
        kind, got = self._receive()
        while kind == EVENT:
            found.append(got)
            kind, got = self._receive()
        return found


def sas(path):
    """All IKE_SAs with their CHILD_SAs, as (name, dict)."""
    with Vici(path) as vici:
        return [pair for found in vici.stream("list-sas", "list-sa")
                for pair in found.items()]
