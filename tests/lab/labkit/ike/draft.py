# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages before they are sent: what is to be in them, and how it is protected.

A flaw changes a draft, or leaves a function in it that changes the bytes later.
"""

import dataclasses
import os
import struct
import typing

from . import crypto
from .message import GENERIC, HEADER, Header, Payload, chain
from .numbers import P1, P2, V1_ENCRYPTED


@dataclasses.dataclass
class Draft:
    """One message to be."""

    header: Header
    payloads: list
    # encrypted, as all but the first messages of an IKE_SA are
    protected: bool = True
    # others than the IKE_SA's
    keys: object = None
    # functions of what is to be encrypted, and of the whole packet
    inner: list = dataclasses.field(default_factory=list)
    outer: list = dataclasses.field(default_factory=list)
    # how many fragments, and which of them are sent (all: None)
    fragments: int = 1
    only: list = None
    # IKEv1: a function of what follows the HASH payload; where that is to stand
    hash: typing.Callable = None
    hash_at: int = 0
    # IKEv1: what is sent behind the last whole block
    excess: bytes = b""

    def drop(self, kind):
        """Takes out all payloads of a kind."""
        self.payloads = [payload for payload in self.payloads if payload.kind != kind]

    def swap(self, kind, body):
        """Gives the payloads of a kind another content."""
        self.payloads = [Payload(kind, body) if payload.kind == kind else payload
                         for payload in self.payloads]

    def double(self, kind):
        """Makes two of each payload of a kind."""
        self.payloads = [copy for payload in self.payloads
                         for copy in [payload] * (1 + (payload.kind == kind))]

    def changed(self, changes, data):
        """Bytes after all changes of a list."""
        for change in changes:
            data = change(data)
        return data

    def content(self):
        """Kind of the first payload, and all that is to be protected."""
        first, inner = chain(self.payloads)
        return first, self.changed(self.inner, inner)

    def plain(self):
        """The packet without any protection."""
        first, inner = self.content()
        self.header.first = first
        return self.changed(self.outer, self.header.pack(len(inner)) + inner)


def _v2_packet(draft, keys, kind, first, head, text):
    """A packet with one SK or SKF payload, which begins with some bytes."""
    pad = -(len(text) + 1) % crypto.BLOCK
    text += bytes(pad) + bytes([pad])
    iv = os.urandom(crypto.BLOCK)
    body = head + iv + crypto.encrypt(keys.sk_ei, iv, text)
    length = GENERIC.size + len(body) + crypto.ICV
    draft.header.first = kind
    packet = draft.header.pack(length) + GENERIC.pack(first, 0, length) + body
    return draft.changed(draft.outer, packet + crypto.integrity(keys.sk_ai, packet))


def seal2(draft, keys):
    """The packets of an IKEv2 draft (RFC 7296 section 3.14, RFC 7383 section 2.5)."""
    if not draft.protected:
        return [draft.plain()]
    keys = draft.keys or keys
    first, text = draft.content()
    if draft.fragments == 1:
        return [_v2_packet(draft, keys, P2.SK, first, b"", text)]
    size = -(-len(text) // draft.fragments)
    return [_v2_packet(draft, keys, P2.SKF, 0 if number else first,
                       struct.pack("!HH", number + 1, draft.fragments),
                       text[number * size:(number + 1) * size])
            for number in range(draft.fragments)
            if draft.only is None or number + 1 in draft.only]


def open2(data, keys):
    """Opens the SK payload of what the other has sent: the kind of what is in it, and
    that; None where there is no right one."""
    signed, icv = data[:-crypto.ICV], data[-crypto.ICV:]
    if crypto.integrity(keys.sk_ar, signed) != icv:
        return None
    text = signed[HEADER.size + GENERIC.size:]
    if len(text) < 2 * crypto.BLOCK or len(text) % crypto.BLOCK:
        return None
    text = crypto.decrypt(keys.sk_er, text[:crypto.BLOCK], text[crypto.BLOCK:])
    return data[HEADER.size], text[:len(text) - text[-1] - 1]


def _with_hash(draft):
    """The payloads of an IKEv1 draft, the HASH among them."""
    if not draft.hash:
        return draft.payloads
    proof = Payload(P1.HASH, draft.hash(chain(draft.payloads)[1]))
    return draft.payloads[:draft.hash_at] + [proof] + draft.payloads[draft.hash_at:]


def seal1(draft, keys, iv):
    """The packet of an IKEv1 draft, and the IV that the next one of its exchange has."""
    draft.payloads = _with_hash(draft)
    if not draft.protected:
        return draft.plain(), iv
    first, text = draft.content()
    text += bytes(-len(text) % crypto.BLOCK)
    text = crypto.encrypt((draft.keys or keys).cipher, iv, text) if text else b""
    draft.header.first = first
    draft.header.flags |= V1_ENCRYPTED
    iv = text[-crypto.BLOCK:] or iv
    text += draft.excess
    return draft.changed(draft.outer, draft.header.pack(len(text)) + text), iv
