# SPDX-License-Identifier: GPL-2.0-or-later
"""The few algorithms that the crafted peer has: it offers nothing else."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
ICV = 16
# of HMAC-SHA2-256, which is both prf and integrity here
PRF = 32
CIPHER_KEY = 16


def prf(key, *parts):
    """HMAC-SHA2-256, whole."""
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def prf_plus(key, seed, length):
    """prf+ of RFC 7296 section 2.13."""
    block = found = b""
    count = 0
    while len(found) < length:
        count += 1
        block = prf(key, block, seed, bytes([count]))
        found += block
    return found[:length]


def sha256(*parts):
    """SHA2-256."""
    return hashlib.sha256(b"".join(parts)).digest()


def integrity(key, data):
    """HMAC-SHA2-256-128."""
    return prf(key, data)[:ICV]


def _cipher(key, iv):
    return Cipher(algorithms.AES(key), modes.CBC(iv))


def encrypt(key, iv, data):
    """AES-CBC of whole blocks."""
    worker = _cipher(key, iv).encryptor()
    return worker.update(data) + worker.finalize()


def decrypt(key, iv, data):
    """Undoes encrypt()."""
    worker = _cipher(key, iv).decryptor()
    return worker.update(data) + worker.finalize()


class X25519:
    """Curve25519 (RFC 8031)."""

    group = 31
    name = "x25519"

    def __init__(self, private=None):
        self._private = (x25519.X25519PrivateKey.from_private_bytes(private) if private
                         else x25519.X25519PrivateKey.generate())
        self.public = self._private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def shared(self, other):
        """The secret that both know."""
        return self._private.exchange(x25519.X25519PublicKey.from_public_bytes(other))


class Modp2048:
    """MODP-2048 (RFC 3526)."""

    group = 14
    name = "modp2048"
    _size = 256
    _prime = int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22"
        "514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6"
        "F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3D"
        "C2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
        "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E8603"
        "9B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
        "15728E5A8AACAA68FFFFFFFFFFFFFFFF", 16)

    def __init__(self):
        self._private = int.from_bytes(os.urandom(32), "big")
        self.public = self._bytes(pow(2, self._private, self._prime))

    def _bytes(self, number):
        return number.to_bytes(self._size, "big")

    def shared(self, other):
        """The secret that both know."""
        return self._bytes(pow(int.from_bytes(other, "big"), self._private, self._prime))


GROUPS = {kind.name: kind for kind in (X25519, Modp2048)}
