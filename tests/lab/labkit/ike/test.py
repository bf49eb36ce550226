# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the crafted peer without a charon: keys, messages, flaws, floods."""

import ipaddress
import os
import struct

from . import bodies, bodies1, crypto, draft, flaws, flood, message, numbers, words
from .keys import V1Keys, V2Keys
from .message import Header, Payload, WireError
from .numbers import P1, P2

# NIST's CAVP, application specific key derivation: one IKEv2 and one IKEv1 case with SHA-256
NIST2 = {
    "nonces": "3f302be1abcb28e1 8c332ee006064c9b",
    "spis": "40dac39e1e1a8640 8619a1cf9a6e4c07",
    "secret": "0f4d257d7a58fc4545c7d7a88119eee5d5c9690c5b4c989171d3abbfd99d1d29",
    "skeyseed": "5f00d1bd2c58ec224b1e6b71fa0f19a1faa7a193952c444411b47c1a9d8ba6fe",
    "material": "0b137d669b0947d7d026d593f0305ad401ff0c471357d695778a9c7f4b4869ec"
                "e98aca531188d16041b3bb936d2dbb3b4993a6e768a809160de45d0283f273a6"
                "cdf6854379e31be72b8d3d1fa990cf9c5b015ca9f918a7df6253c958114a09d4"
                "e1c19bdcd4db14b29d98db1a74ad405c588662c14a04d0d36aa4ab55e90f8986"
                "d12d4aad",
}
NIST1 = {
    "psk": "a0", "nonces": "ead9ced494868f41 f1aff4f425a94f18",
    "skeyid": "558a99b299773d267cf7c8ef073bf3b7af362c206c75a538403c5ef884d4cace",
    "signed": "750c5c94b9c2ec20b68033e024dadf0fa87e8b48c6561b21c72478451a06583d",
    "secret": "a1ff3dc6cf9b4c04709943cb4ca1f1789bcf360b03f1d027de3ae8ee039e9155",
    "cookies": "6c6beb72631ddc3d b84e24b22cffbd14",
    "letters": "a4f7ca7de913814813e3312099e7c943bd293483f387532330237f1b20957310 "
               "1d4b705746c43b0a6fcbb8db33983c0f24ff6f8b6543e3779fed227c6067f004 "
               "03e6f16cd9ce9f64b5cdc5b34cca7163483ba5389a30afebef3d14640b0a815e",
}
README = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")
MID = 7
SPIS = (b"initiato", b"responde")


def _hex(text):
    return bytes.fromhex(text)


def _derivations():
    """Keys against known values."""
    nonces, spis, secret, seed, material = (_hex(text) for text in NIST2.values())
    yield "SKEYSEED is NIST's", crypto.prf(nonces, secret) == seed
    yield "prf+ is NIST's", crypto.prf_plus(seed, nonces + spis, len(material)) == material
    keys = V2Keys.derive(secret, nonces, spis)
    cut = [keys.sk_d, keys.sk_ai, keys.sk_ar, keys.sk_ei + keys.sk_er]
    yield "IKEv2's keys are cut from it", b"".join(cut) == material[:4 * crypto.PRF]
    psk, nonces, skeyid, signed, secret, cookies, letters = (
        _hex(text) for text in NIST1.values())
    yield "SKEYID is NIST's", crypto.prf(psk, nonces) == skeyid
    yield ("SKEYID_d, _a and _e are NIST's",
           b"".join(V1Keys.letters(signed, secret, cookies)) == letters)
    for kind in crypto.GROUPS.values():
        one, other = kind(), kind()
        yield (f"{kind.name}: both have the same secret",
               one.shared(other.public) == other.shared(one.public))


def _draft2():
    return draft.Draft(Header(*SPIS, 0, 2, 36, numbers.V2_INITIATOR, MID), [
        Payload(P2.SA, bodies.security_association(numbers.ESP, b"spi!", ["aes128", "sha256"])),
        Payload(P2.NONCE, bytes(32)), Payload(P2.TSI, bodies.selectors("10.2.0.0/16")),
        Payload(P2.TSR, bodies.selectors("10.1.0.0/16"))])


def _mirrored(keys):
    """The keys as the other has them: what it sends is what we receive."""
    return V2Keys(keys.sk_d, keys.sk_ar, keys.sk_ai, keys.sk_er, keys.sk_ei, keys.sk_pr,
                  keys.sk_pi)


def _round_trips():
    """What is sealed can be opened, and is what it was."""
    keys, sent = V2Keys.random(), _draft2()
    packet, = draft.seal2(sent, keys)
    opened = draft.open2(packet, _mirrored(keys))
    yield "IKEv2: what is sealed can be opened", (
        message.parse_chain(*opened)[0] == sent.payloads)
    yield "IKEv2: not with other keys", draft.open2(packet, V2Keys.random()) is None
    header = Header.unpack(packet)
    yield "IKEv2: the header says how long it is", header.length == len(packet)
    keys, iv = V1Keys.random(), bytes(crypto.BLOCK)
    packet, after = draft.seal1(_draft1(keys), keys, iv)
    text = crypto.decrypt(keys.cipher, iv, packet[message.HEADER.size:])
    proof, *rest = message.parse_chain(packet[16], text)[0]
    yield "IKEv1: what is sealed can be opened", rest == _draft1(keys).payloads
    yield "IKEv1: HASH(1) is over the rest", (
        proof.body == keys.hash1(MID, message.chain(rest)[1]))
    yield "IKEv1: the last block is the next IV", packet.endswith(after)


def _draft1(keys):
    made = draft.Draft(Header(*SPIS, 0, 1, 32, 0, MID), [
        Payload(P1.SA, bodies1.phase2(b"spi!", ["aes128", "sha256"])),
        Payload(P1.NONCE, bytes(32)), Payload(P1.ID, bodies1.subnet("10.2.0.0/16")),
        Payload(P1.ID, bodies1.subnet("10.1.0.0/16"))])
    made.hash = lambda rest: keys.hash1(MID, rest)
    return made


def _bodies():
    """Contents of payloads: what is built is what is read."""
    offer = bodies.security_association(numbers.ESP, b"spi!", ["aes128", "sha256"])
    yield "a proposal and its SPI", bodies.proposed(offer) == (numbers.ESP, b"spi!")
    yield "the answer differs by its SPI", (
        bodies.accepted(offer, b"ours", 0) == offer.replace(b"spi!", b"ours"))
    offer = bodies.security_association(
        numbers.ESP, b"spi!", ["aes128", "sha256", "x25519", "modp2048", "noesn"])
    yield "the answer has the group of the key exchange", (
        bodies.accepted(offer, b"ours", crypto.Modp2048.group) ==
        bodies.security_association(numbers.ESP, b"ours",
                                    ["aes128", "sha256", "modp2048", "noesn"]))
    yield "a notify with an SPI", bodies.notified(bodies.notify(44, b"x", b"spi!")) == (44, b"x")
    yield "a delete", bodies.deleted(bodies.delete([b"spi1", b"spi2"]))[1] == [b"spi1", b"spi2"]
    offer = bodies1.phase2(b"spi!", ["aes128", "sha256", "x25519"])
    yield "IKEv1: a proposal and its SPI", bodies1.proposed(offer) == b"spi!"
    yield "IKEv1: the answer differs by its SPI", (
        bodies1.accepted(offer, b"ours") == offer.replace(b"spi!", b"ours"))
    yield "IKEv1: a notify with data", bodies1.notified(
        bodies1.notify(14, b"x", spi=b"spi!")) == (14, b"spi!", b"x")
    yield "IKEv1: a delete", bodies1.deleted(bodies1.delete(3, b"spi!")) == (3, [b"spi!"])
    short = 0
    for reader in (bodies.proposed, bodies.notified, bodies.deleted, bodies1.proposed,
                   bodies1.notified, bodies1.deleted, Header.unpack):
        try:
            reader(b"\0\0")
        except WireError:
            short += 1
    yield "what is too short is not read", short == 7


def _changed(version, *flawed):
    """The packets of a draft with flaws, keys that go with them, and one without."""
    if version == 2:
        keys, made = V2Keys.random(), _draft2()
        flaws.apply(2, made, flawed)
        return draft.seal2(made, keys), keys
    keys = V1Keys.random()
    made = _draft1(keys)
    flaws.apply(1, made, flawed)
    return [draft.seal1(made, keys, bytes(crypto.BLOCK))[0]], keys


def _flaws():
    """Each word has a function, and does something to a message."""
    for version, known in words.FLAWS.items():
        for word, takes in known.items():
            packets, _ = _changed(version, (word, "1" if takes else None))
            yield f"IKEv{version}: {word} can be sent", len(packets) == 1
    for word in ("bad-icv", "tampered", "wrong-key"):
        (packet,), keys = _changed(2, (word, None))
        yield f"{word} is no right ICV", draft.open2(packet, _mirrored(keys)) is None
    for word in ("inner-length", "garbage"):
        (packet,), keys = _changed(2, (word, None))
        opened = draft.open2(packet, _mirrored(keys))
        try:
            yield f"{word} is found only inside", not message.parse_chain(*opened)
        except WireError:
            yield f"{word} is found only inside", True
    packets, keys = _changed(2, ("fragments", "3"))
    numbered = [struct.unpack_from("!HH", packet, 32) for packet in packets]
    yield "fragments are numbered", numbered == [(1, 3), (2, 3), (3, 3)]
    packet, = _changed(2, ("cut", "20"))[0]
    yield "cut leaves so many bytes", len(packet) == 20
    packet, = _changed(2, ("mid", "+3"), ("exchange", "99"))[0]
    header = Header.unpack(packet)
    yield "the header is changed", (header.mid, header.exchange) == (MID + 3, 99)
    packet, = _changed(1, ("fragment", "2"))[0]
    yield "IKEv1: a fragment holds the message", (packet[16], packet[35]) == (132, 1)


def _documented():
    """Each word is in the lab's README."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    known = {f"{word}=" if takes else word for table in words.FLAWS.values()
             for word, takes in table.items()}
    for table in (*words.SEND.values(), *words.ANSWER.values()):
        known |= set(table)
    missing = {word for word in known if f"`{word}`" not in text}
    yield f"the README lists each word{': not ' if missing else ''}{missing or ''}", not missing


def _floods():
    """What a flood is made of."""
    sent = bytes(flood.datagram("198.18.0.1", "192.0.2.1", b"x" * 10))
    yield "a datagram has its lengths", (
        struct.unpack_from("!H", sent, 2), struct.unpack_from("!H", sent, 24)) == ((38,), (18,))
    yield "a datagram is of its source", (
        ipaddress.ip_address(sent[12:16]) == ipaddress.ip_address("198.18.0.1"))


def tests():
    """All tests: (title, whether it did as it must, what it said)."""
    for group in (_derivations, _bodies, _round_trips, _flaws, _documented, _floods):
        for title, good in group():
            yield f"ike: {title}", good, []
