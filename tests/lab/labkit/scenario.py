# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario files: reading them, and what they come to for one IKE version and one
version of strongSwan."""

import os
import re

from . import base, expect
from .ike import words

HEADERS = {"title", "why", "versions", "daemons", "exclusive", "lossy", "start", "peer",
           "kernel", "strongswan", "verify"}
# one of them only: the judge has the other one's kernel speak for it
BACKENDS = [f"libipsec {name}" for name in base.GATEWAYS]
PEERS = ("crafted", "libreswan")
SECTION = re.compile(r"\[(swanctl|strongswan|libreswan|steps|expect)(?: (moon|sun|both))?\]$")
MANY = re.compile(r"\{(\d+)\.\.(\d+)\}")
ONLY = re.compile(r"@([1256]) +(.*)$")
# strongSwan's major version where nobody says
STRONGSWAN = 5


class ScenarioError(Exception):
    """A scenario file that cannot be understood."""


def _numbered(key, value):
    """A setting, or one for each number where the key has {FROM..TO}; {} in the value
    is the number."""
    many = MANY.search(key)
    if not many:
        return [(key, value)]
    first, last = map(int, many.groups())
    return [(key.replace(many.group(), str(number)), value.replace("{}", str(number)))
            for number in range(first, last + 1)]


class Scenario:
    """One file of scenarios/."""

    def __init__(self, path, strongswan=STRONGSWAN):
        self.path = path
        self._strongswan = strongswan
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.headers = {}
        self.sections = {}
        self._read()
        self._check()

    def _fail(self, number, what):
        raise ScenarioError(f"{self.path}:{number}: {what}")

    def _read(self):
        section = None
        with open(self.path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                if line.startswith("["):
                    section = self._section(number, line)
                elif section is None:
                    self._header(number, line)
                else:
                    section.append((number, line))

    def _section(self, number, line):
        match = SECTION.match(line)
        if not match:
            self._fail(number, f"no such section: {line}")
        kind, who = match.groups()
        if (kind == "steps") != (who is None) or (kind == "expect" and who == "both"):
            self._fail(number, f"{kind} needs {'no' if kind == 'steps' else 'one'} gateway")
        return self.sections.setdefault((kind, who), [])

    def _header(self, number, line):
        key, colon, value = line.partition(":")
        if not colon or key not in HEADERS:
            self._fail(number, f"not a header ({', '.join(sorted(HEADERS))}): {line}")
        self.headers[key] = value.strip()

    def _check(self):
        for key in ("title", "why", "versions"):
            if not self.headers.get(key):
                self._fail(1, f"no '{key}:' line")
        if not set(self.versions) <= {1, 2}:
            self._fail(1, "versions: are 1, 2 or both")
        for name in self.daemons.values():
            if name not in base.DAEMONS:
                self._fail(1, f"no such daemon: {name}")
        if self.headers.get("peer", PEERS[0]) not in PEERS:
            self._fail(1, f"peer: can only be {' or '.join(PEERS)}")
        if self.headers.get("kernel", BACKENDS[0]) not in BACKENDS:
            self._fail(1, f"kernel: can only be {' or '.join(BACKENDS)}")
        if self.headers.get("strongswan", "6") not in ("5", "6"):
            self._fail(1, "strongswan: is 5 or 6")
        for version in self.versions:
            self._check_peer(version)
            for name in base.GATEWAYS:
                self._check_expected(version, name)

    def _check_peer(self, version):
        """What only a crafted peer can do, and what it cannot."""
        for kind, who in self.sections:
            if self.peer and who == "sun" and kind != "libreswan":
                self._fail(1, f"[{kind} sun]: sun is {self.peer}, it has no charon")
            if kind == "libreswan" and (who != "sun" or self.peer != "libreswan"):
                self._fail(1, f"[{kind} {who}]: only sun is, with 'peer: libreswan'")
        for number, line in self.lines(version, "steps"):
            word, *rest = line.split()
            if word in ("ike", "flood", "flood-beside", "tally") and not self.crafted:
                self._fail(number, f"{word} needs 'peer: crafted'")
            try:
                if word == "ike":
                    words.parse(version, " ".join(rest))
                elif word in ("flood", "flood-beside"):
                    words.parse_flood(rest)
            except (ValueError, re.error) as error:
                self._fail(number, f"{line}: {error}")

    def _check_expected(self, version, name):
        """Whether each line that says what is expected can be read."""
        for number, line in self.lines(version, "expect", name):
            try:
                expect.Expected([(number, line)])
            except (ValueError, TypeError) as error:
                self._fail(number, f"{line}: {error}")

    @property
    def versions(self):
        """IKE versions to run with, newest first."""
        if int(self.headers.get("strongswan", self._strongswan)) != self._strongswan:
            return []
        known = (int(v) for v in self.headers["versions"].split())
        # Debian builds strongSwan 6.1 without IKEv1
        return sorted((v for v in known if v == 2 or self._strongswan < 6), reverse=True)

    @property
    def daemons(self):
        """The daemon of each gateway."""
        names = self.headers.get("daemons", "charon-systemd charon").split()
        return dict(zip(base.GATEWAYS, names))

    def backend(self, name):
        """What a gateway has its SAs in instead of the kernel, or None."""
        backend, _, who = self.headers.get("kernel", "").partition(" ")
        return backend if who == name else None

    @property
    def exclusive(self):
        """Whether nothing else may run at the same time."""
        return self.headers.get("exclusive") == "yes"

    @property
    def lossy(self):
        """Whether the kernel may throw records away: then there is no promise."""
        return self.headers.get("lossy") == "yes"

    def throws(self, version):
        """Whether records that the kernel has taken may be thrown away, by it or by an
        auditd that ends: then they are sent again, and later ones may have come before."""
        return any(line.startswith(("audit off", "auditd kill", "auditd end", "disk full")) or
                   len(line.split()) > 3 and line.startswith("rounds ")
                   for _, line in self.lines(version, "steps"))

    def kills(self, version):
        """Whether charon is killed: then it is counted what became of its SAs."""
        return any(line.split()[0] in ("kill", "rounds")
                   for _, line in self.lines(version, "steps"))

    @property
    def kills_again(self):
        """Whether charons are killed again and again."""
        return any(line.startswith("rounds ") for version in self.versions
                   for _, line in self.lines(version, "steps"))

    @property
    def switches_audit_off(self):
        """Whether the kernel's own records of SAs may be missing."""
        return any(line == "audit off" or line.startswith("rounds ") and " off" in line
                   for version in self.versions
                   for _, line in self.lines(version, "steps"))

    @property
    def findings(self):
        """What qm-audit verify is to find in its records, by name."""
        return set(self.headers.get("verify", "").split())

    @property
    def peer(self):
        """What sun is instead of a charon, or None."""
        return self.headers.get("peer")

    @property
    def crafted(self):
        """Whether sun is no charon but a peer that does what the steps say."""
        return self.peer == "crafted"

    @property
    def starts(self):
        """Whether both gateways are started before the first step."""
        return self.headers.get("start", "both") == "both"

    def lines(self, version, kind, who=None):
        """Lines of a section that apply to a version, as (number, text)."""
        for number, line in self.sections.get((kind, who), []):
            match = ONLY.match(line)
            if not match:
                yield number, line
            elif int(match.group(1)) in (version, self._strongswan):
                yield number, match.group(2)

    def settings(self, version, kind, who):
        """Settings over the base, as (key, value); value None removes."""
        found = []
        for section in ("both", who):
            for number, line in self.lines(version, kind, section):
                key, equals, value = line.partition("=")
                if line.startswith("-") and not equals:
                    found.append((line[1:].strip(), None))
                elif equals:
                    found += _numbered(key.strip(), value.strip())
                else:
                    self._fail(number, f"neither 'key = value' nor '-key': {line}")
        return found


def load(folder, names=(), strongswan=STRONGSWAN):
    """The scenarios of a folder, or those named, in the order of their names, as they
    are for a major version of strongSwan."""
    known = {os.path.splitext(f)[0] for f in os.listdir(folder) if f.endswith(".scn")}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ScenarioError(f"no such scenario: {', '.join(unknown)} (see lab list)")
    chosen = sorted(names or known)
    return [Scenario(os.path.join(folder, f"{name}.scn"), strongswan)
            for name in chosen]


def strongswan(root):
    """The major version of strongSwan in a root that build-root has made."""
    with open(f"{root}/lab-packages", encoding="ascii") as lines:
        versions = dict(line.split() for line in lines)
    return int(versions["strongswan-libcharon"].split(".")[0])
