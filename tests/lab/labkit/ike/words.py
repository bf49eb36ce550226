# SPDX-License-Identifier: GPL-2.0-or-later
"""The language of the crafted peer: what stands behind 'ike' in a scenario's steps.

    ike NAME connect [OPTION=VALUE...] [-> ANSWER] [=> REGEX]
    ike NAME send MESSAGE [OPTION=VALUE...] [FLAW...] [-> ANSWER] [=> REGEX]
    ike NAME answer REQUEST ANSWER... [always]
    ike NAME gets ANSWER
    ike NAME alive

Scenarios are read, and found to be wrong, without the algorithms that playing them
needs: nothing here may import those.
"""

import dataclasses
import re

from .numbers import is_notify

# options of connect, of each message, and of the requests that can be answered
CONNECT = {1: {"psk", "child", "stop", "port"}, 2: {"psk", "child", "stop", "port", "eap"}}
SEND = {
    1: {"quick": {"esp", "ts", "ke", "third"}, "third": set(), "delete": {"of"},
        "notify": {"type"}, "dpd": set(), "again": {"back"}},
    2: {"child": {"esp", "ts", "ke"}, "rekey": {"esp", "ts", "ke", "of"}, "delete": {"of"},
        "info": set(), "init": set(), "auth": set(), "again": {"back", "of"}},
}
ANSWER = {1: {"quick"}, 2: {"child", "info"}}
# flaws, and whether a value goes with them; flaws.py has a function for each
_COMMON = {"mid": True, "exchange": True, "version": True, "response": False,
           "unknown-spi": False, "no-spi": False, "length": True, "cut": True,
           "wrong-key": False, "unencrypted": False, "inner-length": False, "malformed": False,
           "no-sa": False, "no-nonce": False, "nonce": True, "other-esp": False,
           "other-ts": False}
FLAWS = {
    1: {**_COMMON, "wrong-hash": False, "hash-last": False, "three-ids": False,
        "excess": True, "empty": False, "fragment": True},
    2: {**_COMMON, "bad-icv": False, "tampered": False, "garbage": False,
        "sk-short": False, "sk-long": False, "skf-zero": False, "skf-beyond": False,
        "fragments": True, "only": True, "two-sa": False, "no-ts": False,
        "many-ts": False, "critical": False, "unknown": False, "short-ke": False,
        "disordered": False},
}
FLOOD = {"count", "sources", "seconds"}
TAIL = re.compile(r"(?: -> (?P<reply>\S+))?(?: => (?P<log>.+))?$")


@dataclasses.dataclass
class Line:
    """One step of the crafted peer."""

    name: str
    verb: str
    what: str = ""
    options: dict = dataclasses.field(default_factory=dict)
    # as (word, text behind '=')
    flaws: list = dataclasses.field(default_factory=list)
    # of moon's requests: words as above, and whether the last one stays in force
    answers: list = dataclasses.field(default_factory=list)
    always: bool = False
    # what is to come back, and a line that charon's log is to get
    reply: str = ""
    log: str = ""


def _split(word):
    key, equals, value = word.partition("=")
    return key, value if equals else None


def _flaw(version, key, value):
    """Whether it is a flaw; raises where its value is missing, or one too many."""
    takes = FLAWS[version].get(key)
    if takes is not None and takes != (value is not None):
        raise ValueError(f"{key} takes {'a' if takes else 'no'} value")
    return takes is not None


def _options(version, line, words, known):
    for word in words:
        key, value = _split(word)
        if line.verb == "send" and key not in known and _flaw(version, key, value):
            line.flaws.append((key, value))
        elif key in known and value:
            line.options[key] = value
        else:
            raise ValueError(f"IKEv{version} has no such option or flaw: {word}")
    if line.options.get("third", "no") != "no":
        raise ValueError("third= can only be 'no'")


def _answers(version, line, words):
    if words[-1:] == ["always"]:
        line.always = bool(words.pop())
    for word in words:
        key, value = _split(word)
        if key not in ("ok", "nothing") and not is_notify(version, key) and (
                not _flaw(version, key, value)):
            raise ValueError(f"IKEv{version} has no such answer: {word}")
        line.answers.append((key, value))
    if not words:
        raise ValueError("which answer?")


def _tail(version, line, text):
    """Takes what is to come of it off the end of a line."""
    head = re.split(r" (?:->|=>) ", text, maxsplit=1)[0]
    match = TAIL.fullmatch(text[len(head):])
    if not match:
        raise ValueError(f"neither '-> ANSWER' nor '=> REGEX': {text[len(head):]}")
    line.reply, line.log = match["reply"] or "", match["log"] or ""
    if line.reply not in ("", "ok", "same", "none") and not is_notify(version, line.reply):
        raise ValueError(f"IKEv{version} has no notify {line.reply}")
    re.compile(line.log)
    return head


def parse(version, text):
    """The step that a line asks for; ValueError where there is none."""
    line = Line("", "")
    words = _tail(version, line, text).split()
    if len(words) < 2:
        raise ValueError("ike NAME, and what it is to do")
    line.name, line.verb, *words = words
    verb = line.verb
    if verb == "connect":
        _options(version, line, words, CONNECT[version])
    elif verb in ("send", "answer"):
        known = {"send": SEND, "answer": ANSWER}[verb][version]
        line.what = words.pop(0) if words else ""
        if line.what not in known:
            raise ValueError(f"IKEv{version} has no '{verb} {line.what}', but "
                             f"{', '.join(sorted(known))}")
        if verb == "send":
            _options(version, line, words, known[line.what])
        else:
            _answers(version, line, words)
    elif verb == "gets":
        line.reply = " ".join(words)
        if not is_notify(version, line.reply):
            raise ValueError(f"IKEv{version} has no notify {line.reply}")
    elif verb != "alive" or words:
        raise ValueError("neither connect, send, answer, gets, nor alive")
    return line


def parse_flood(words):
    """The bounds of a flood, as numbers."""
    found = dict(_split(word) for word in words)
    if set(found) != FLOOD or not all(value and value.isdigit() for value in found.values()):
        raise ValueError(f"a flood needs {'=, '.join(sorted(FLOOD))}=, all of them numbers")
    return {key: int(value) for key, value in found.items()}
