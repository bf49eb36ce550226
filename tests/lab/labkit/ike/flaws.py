# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be wrong with a message: one function for each word of a scenario.

Each gets the draft and the text behind '=', if any. Words with '1' at the end of their
function's name are IKEv1's. The README of the lab lists them all.
"""

import os

from . import bodies, bodies1, crypto, keys
from .message import HEADER, Payload
from .numbers import ESP, P1, P2, V2_RESPONSE

# a payload type that nobody has registered
UNKNOWN_PAYLOAD = 200
# what no gateway of the lab has
OTHER_ESP = ["aes256", "sha512"]
OTHER_NETWORK = "10.9.0.0/16"


def _flip(data, at):
    """Bytes with one bit changed."""
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


# --- the header, in both versions ---------------------------------------------


def mid(draft, value):
    """another message ID: a number, or how much more or less (+2, -1)"""
    number = int(value)
    draft.header.mid = (draft.header.mid + number if value[0] in "+-" else number) % 2**32


def exchange(draft, value):
    """another exchange type"""
    draft.header.exchange = int(value)


def version(draft, value):
    """another major version"""
    draft.header.version = int(value)


def response(draft, _):
    """shaped as a response"""
    draft.header.flags |= V2_RESPONSE


def unknown_spi(draft, _):
    """SPIs of no IKE_SA"""
    draft.header.spi_i, draft.header.spi_r = os.urandom(8), os.urandom(8)


def no_spi(draft, _):
    """the initiator's SPI is 0"""
    draft.header.spi_i = bytes(8)


def length(draft, value):
    """another length in the header"""
    draft.header.length = int(value)


def cut(draft, value):
    """only that many bytes"""
    draft.outer.append(lambda data: data[:int(value)])


# --- protection, in both versions ---------------------------------------------


def wrong_key(draft, _):
    """encrypted, and signed, with keys that nobody has"""
    draft.keys = (keys.V1Keys if draft.hash else keys.V2Keys).random()


def unencrypted(draft, _):
    """all payloads in the clear"""
    draft.protected = False


def inner_length(draft, _):
    """the last payload is not as long as it says, inside of the encryption"""
    last = draft.payloads[-1]
    draft.payloads[-1] = Payload(last.kind, last.body, length=len(last.body) + 400)


# --- protection, IKEv2 ----------------------------------------------------------


def bad_icv(draft, _):
    """the integrity check value is wrong"""
    draft.outer.append(lambda data: _flip(data, -1))


def tampered(draft, _):
    """one bit of what is encrypted has changed"""
    draft.outer.append(lambda data: _flip(data, -crypto.ICV - 1))


def _bare(draft, kind, body, claimed=None):
    """A single payload in the clear, perhaps with a lie about its length."""
    draft.protected = False
    draft.payloads = [Payload(kind, body, length=claimed)]


def malformed(draft, _):
    """an SA payload in the clear that ends in the middle of its proposal"""
    _bare(draft, P2.SA, b"\0\0\0\x2c\1\3\4\3\1\2\3\4")


def sk_short(draft, _):
    """an SK payload that claims to be shorter than its header"""
    _bare(draft, P2.SK, os.urandom(64), 3)


def sk_long(draft, _):
    """an SK payload that claims to go on behind the packet"""
    _bare(draft, P2.SK, os.urandom(64), 400)


def skf_zero(draft, _):
    """fragment 0 of 0"""
    _bare(draft, P2.SKF, bytes(4) + os.urandom(64))


def skf_beyond(draft, _):
    """fragment 5 of 2"""
    _bare(draft, P2.SKF, b"\0\5\0\2" + os.urandom(64))


def garbage(draft, _):
    """encrypted and signed as it should be, but there are no payloads in it"""
    draft.inner.append(lambda data: b"\xff" * len(data))


def fragments(draft, value):
    """in that many fragments"""
    draft.fragments = int(value)


def only(draft, value):
    """only the fragment of that number"""
    draft.only = [int(value)]


# --- payloads, IKEv2 ------------------------------------------------------------


def no_sa(draft, _):
    """the SA payload is missing"""
    draft.drop(P2.SA)


def two_sa(draft, _):
    """two SA payloads"""
    draft.double(P2.SA)


def no_nonce(draft, _):
    """the nonce is missing"""
    draft.drop(P2.NONCE)


def nonce(draft, value):
    """a nonce of that many bytes"""
    draft.swap(P2.NONCE, os.urandom(int(value)))


def no_ts(draft, _):
    """both TS payloads are missing"""
    draft.drop(P2.TSI)
    draft.drop(P2.TSR)


def many_ts(draft, _):
    """two TS payloads of each kind"""
    draft.double(P2.TSI)
    draft.double(P2.TSR)


def other_esp(draft, _):
    """other algorithms in the SA payload"""
    draft.swap(P2.SA, bodies.security_association(ESP, os.urandom(4), OTHER_ESP + ["noesn"]))


def other_ts(draft, _):
    """other networks in the TS payloads"""
    draft.swap(P2.TSI, bodies.selectors(OTHER_NETWORK))
    draft.swap(P2.TSR, bodies.selectors(OTHER_NETWORK))


def critical(draft, _):
    """a payload of an unknown type that is marked critical"""
    draft.payloads.append(Payload(UNKNOWN_PAYLOAD, b"whatever", critical=True))


def unknown(draft, _):
    """a payload of an unknown type that may be ignored"""
    draft.payloads.append(Payload(UNKNOWN_PAYLOAD, b"whatever"))


def short_ke(draft, _):
    """a key exchange that is too short for its group"""
    draft.payloads = [Payload(payload.kind, payload.body[:-5]) if payload.kind == P2.KE
                      else payload for payload in draft.payloads]


def disordered(draft, _):
    """the payloads in the opposite order"""
    draft.payloads.reverse()


# --- IKEv1 ------------------------------------------------------------------------


def wrong_hash(draft, _):
    """the HASH payload is wrong"""
    right = draft.hash
    draft.hash = lambda rest: _flip(right(rest), 0)


def hash_last(draft, _):
    """the HASH payload comes last"""
    draft.hash_at = len(draft.payloads)


def excess(draft, value):
    """that many bytes more than whole blocks"""
    draft.excess = os.urandom(int(value))


def empty(draft, _):
    """a header that says that it is encrypted, with nothing behind"""
    draft.outer.append(lambda data: data[:HEADER.size])
    draft.header.length = HEADER.size


def malformed1(draft, _):
    """in the clear, and the last payload goes on behind the packet"""
    inner_length(draft, _)
    draft.protected = False


def three_ids(draft, _):
    """three ID payloads"""
    last = next(payload for payload in draft.payloads if payload.kind == P1.ID)
    draft.payloads.append(last)


def no_sa1(draft, _):
    """the SA payload is missing"""
    draft.drop(P1.SA)


def no_nonce1(draft, _):
    """the nonce is missing"""
    draft.drop(P1.NONCE)


def nonce1(draft, value):
    """a nonce of that many bytes"""
    draft.swap(P1.NONCE, os.urandom(int(value)))


def other_esp1(draft, _):
    """other algorithms in the SA payload"""
    draft.swap(P1.SA, bodies1.phase2(os.urandom(4), OTHER_ESP))


def other_ts1(draft, _):
    """other networks in the ID payloads"""
    draft.swap(P1.ID, bodies1.subnet(OTHER_NETWORK))


def fragment(draft, value):
    """as the fragment of that number, the last one, and none other is sent"""
    number = int(value)

    def wrap(data):
        body = b"\0\1" + bytes([number, 1]) + data
        header = data[:16] + bytes([P1.FRAGMENT]) + data[17:19] + b"\0" + data[20:24]
        return (header + (HEADER.size + 4 + len(body)).to_bytes(4, "big") +
                b"\0\0" + (4 + len(body)).to_bytes(2, "big") + body)

    draft.outer.append(wrap)


# --- using them -----------------------------------------------------------------


def _find(of_version, word):
    """The function of a word."""
    name = word.replace("-", "_")
    own = globals().get(f"{name}1") if of_version == 1 else None
    return own or globals()[name]


def apply(of_version, draft, words):
    """Has a draft all flaws of a list of words with values."""
    for word, value in words:
        _find(of_version, word)(draft, value)
