# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of IKE, as IANA registers them, and their names."""

import enum


class P2(enum.IntEnum):
    """Payloads of IKEv2."""
    SA, KE, IDI, IDR = 33, 34, 35, 36
    AUTH, NONCE, NOTIFY, DELETE = 39, 40, 41, 42
    VENDOR, TSI, TSR, SK, EAP, SKF = 43, 44, 45, 46, 48, 53


class P1(enum.IntEnum):
    """Payloads of IKEv1; FRAGMENT is of private use."""
    SA, PROPOSAL, TRANSFORM, KE, ID = 1, 2, 3, 4, 5
    HASH, NONCE, NOTIFY, DELETE, VENDOR = 8, 10, 11, 12, 13
    FRAGMENT = 132


# exchange types, by major version
EXCHANGES = {
    1: {"ID_PROT": 2, "AGGRESSIVE": 4, "INFORMATIONAL": 5, "TRANSACTION": 6,
        "QUICK_MODE": 32},
    2: {"IKE_SA_INIT": 34, "IKE_AUTH": 35, "CREATE_CHILD_SA": 36, "INFORMATIONAL": 37,
        "IKE_FOLLOWUP_KE": 44},
}

NOTIFIES = {
    1: {"INVALID_PAYLOAD_TYPE": 1, "INVALID_EXCHANGE_TYPE": 7, "INVALID_MESSAGE_ID": 9,
        "NO_PROPOSAL_CHOSEN": 14, "PAYLOAD_MALFORMED": 16, "INVALID_KEY_INFORMATION": 17,
        "INVALID_ID_INFORMATION": 18, "INVALID_HASH_INFORMATION": 23,
        "AUTHENTICATION_FAILED": 24, "UNEQUAL_PAYLOAD_LENGTHS": 30,
        "INITIAL_CONTACT": 24578, "R_U_THERE": 36136, "R_U_THERE_ACK": 36137},
    2: {"UNSUPPORTED_CRITICAL_PAYLOAD": 1, "INVALID_IKE_SPI": 4, "INVALID_MAJOR_VERSION": 5,
        "INVALID_SYNTAX": 7, "INVALID_MESSAGE_ID": 9, "INVALID_SPI": 11,
        "NO_PROPOSAL_CHOSEN": 14, "INVALID_KE_PAYLOAD": 17, "AUTHENTICATION_FAILED": 24,
        "SINGLE_PAIR_REQUIRED": 34, "NO_ADDITIONAL_SAS": 35, "INTERNAL_ADDRESS_FAILURE": 36,
        "FAILED_CP_REQUIRED": 37, "TS_UNACCEPTABLE": 38, "INVALID_SELECTORS": 39,
        "TEMPORARY_FAILURE": 43, "CHILD_SA_NOT_FOUND": 44,
        "NAT_DETECTION_SOURCE_IP": 16388, "COOKIE": 16390, "REKEY_SA": 16393,
        "FRAGMENTATION_SUPPORTED": 16430},
}
# notifies below this one say that something went wrong (RFC 7296 section 3.10.1)
FIRST_STATUS = 16384
# protocols of SAs
IKE, AH, ESP = 1, 2, 3

# header flags
V2_INITIATOR, V2_RESPONSE = 0x08, 0x20
V1_ENCRYPTED = 0x01


def name_of(table, number):
    """The name of a number in one of the tables above, the number where it has none."""
    return next((name for name, value in table.items() if value == number), str(number))


def notify_number(version, text):
    """The number of a notify's name, or of one that is given as such."""
    return int(text) if text.isdigit() else NOTIFIES[version][text]


def is_notify(version, text):
    """Whether a text is the name or the number of a notify."""
    return text.isdigit() or text in NOTIFIES[version]
