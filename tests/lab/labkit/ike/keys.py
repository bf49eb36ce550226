# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys of IKE_SAs, and what proves that a peer has the pre-shared key."""

import dataclasses
import os

from . import crypto
from .crypto import prf


@dataclasses.dataclass
class V2Keys:
    """Keys of an IKEv2 IKE_SA (RFC 7296 section 2.14); the crafted peer is its initiator."""

    sk_d: bytes
    sk_ai: bytes
    sk_ar: bytes
    sk_ei: bytes
    sk_er: bytes
    sk_pi: bytes
    sk_pr: bytes

    @classmethod
    def cut(cls, material):
        """Cuts the output of prf+ to pieces."""
        pieces = []
        for field in dataclasses.fields(cls):
            length = crypto.CIPHER_KEY if field.name.startswith("sk_e") else crypto.PRF
            pieces.append(material[:length])
            material = material[length:]
        return cls(*pieces)

    @classmethod
    def size(cls):
        """How much of prf+ is needed."""
        return 5 * crypto.PRF + 2 * crypto.CIPHER_KEY

    @classmethod
    def derive(cls, secret, nonces, spis):
        """Of the secret of the key exchange; nonces and SPIs are both, concatenated."""
        seed = prf(nonces, secret)
        return cls.cut(crypto.prf_plus(seed, nonces + spis, cls.size()))

    @classmethod
    def random(cls):
        """Keys that nobody else has."""
        return cls.cut(os.urandom(cls.size()))


def v2_auth(psk, message, nonce, sk_p, identity):
    """AUTH by a pre-shared key (RFC 7296 section 2.15)."""
    return prf(prf(psk, b"Key Pad for IKEv2"), message, nonce, prf(sk_p, identity))


@dataclasses.dataclass
class V1Keys:
    """Keys of an IKEv1 IKE_SA (RFC 2409 section 5), authenticated by a pre-shared key."""

    skeyid: bytes
    skeyid_d: bytes
    skeyid_a: bytes
    skeyid_e: bytes

    @classmethod
    def derive(cls, psk, secret, nonces, cookies):
        """Of the secret of the key exchange; nonces and cookies are both, concatenated."""
        skeyid = prf(psk, nonces)
        return cls(skeyid, *cls.letters(skeyid, secret, cookies))

    @staticmethod
    def letters(skeyid, secret, cookies):
        """SKEYID_d, SKEYID_a, SKEYID_e."""
        found = [b""]
        for number in range(3):
            found.append(prf(skeyid, found[-1], secret, cookies, bytes([number])))
        return found[1:]

    @classmethod
    def random(cls):
        """Keys that nobody else has."""
        return cls(*(os.urandom(crypto.PRF) for _ in range(4)))

    @property
    def cipher(self):
        """Key of the encryption: SKEYID_e is long enough."""
        return self.skeyid_e[:crypto.CIPHER_KEY]

    def hash1(self, mid, rest):
        """HASH(1), and that of an INFORMATIONAL: over what follows it."""
        return prf(self.skeyid_a, mid.to_bytes(4, "big"), rest)

    def hash2(self, mid, nonce_i, rest):
        """HASH(2) of a Quick Mode."""
        return prf(self.skeyid_a, mid.to_bytes(4, "big"), nonce_i, rest)

    def hash3(self, mid, nonce_i, nonce_r):
        """HASH(3) of a Quick Mode."""
        return prf(self.skeyid_a, b"\0", mid.to_bytes(4, "big"), nonce_i, nonce_r)
