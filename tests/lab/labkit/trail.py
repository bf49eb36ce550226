# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading qm-audit's records back: with libauparse, and with ausearch.

The grammar below is written from the project's design, not from its code: field
by field and in order, what each record must look like.
"""

import re
import subprocess
import threading

import auparse

TYPE = "CRYPTO_IPSEC_SA"
# libauparse keeps static state
_LOCK = threading.Lock()

NUMBER = r"\d+"
KNOWN = r"\d+|\?"
SECONDS = r"\d+\.\d{3}"
STRING = r'"[!#-~]*"|([0-9A-F]{2})+|\?'
SPI = r"(\d+)\(0x[1-9a-f][0-9a-f]*\)"
ADDRESS = r"[0-9a-f:.]+"
SELECTOR = (r"[0-9a-f:.]+(/\d+|\.\.[0-9a-f:.]+)"
            r"(\[([a-z][a-z0-9-]*|\d+)(/(OPAQUE|[0-9()]+(-[0-9()]+)?))?\])?")
SELECTORS = rf"{SELECTOR}(,{SELECTOR})*(,\+\d+)?|\?"
MARK = r"\d+(:0x[0-9a-f]+)?(/\d+(:0x[0-9a-f]+)?)?"
POLICY = "not-configured|no-auditing|success|failure|success-and-failure"
DURABILITY = "none|crash|power"
LAST_RUN = r"none|stopped|died|rebooted|\?"
WORD = r"[A-Za-z0-9_.+-]+|\?"
# algorithms as charon prints them, several proposals with commas between them
PROPOSALS = r"\"[A-Za-z0-9_:/,-]+\"|\?"
# IANA's name, or a number where there is none
EXCHANGE = r"[A-Z][A-Z_]+|\d+|\?"
NOTIFY = r"[A-Z][A-Z_0-9]+|\d+|\?"
IKE_SPI = r"[0-9a-f]{16}|\?"
# of many senders: that of a network, or of no one
SENDER = ADDRESS + r"(/\d+)?|\?"
MAYBE_ADDRESS = ADDRESS + r"|\?"

WHO = [("acct", STRING), ("direction", "initiator|responder"), ("conn-name", STRING),
       ("child-name", STRING), ("ike-version", "[12]"), ("instance", NUMBER),
       ("ike-sa", NUMBER), ("child-sa", NUMBER)]
KIND = [("reqid", NUMBER), ("if-id", r"\d+(/\d+)?"), ("mark", MARK),
        ("satype", "ipsec-(esp|ah)"), ("samode", "tunnel|transport|beet")]
PATH = [("in-spi", SPI), ("out-spi", SPI), ("laddr", ADDRESS), ("lport", NUMBER),
        ("raddr", ADDRESS), ("rport", NUMBER), ("proto", NUMBER),
        ("local-ts", SELECTORS), ("remote-ts", SELECTORS),
        ("remote-vip", ADDRESS + r"|\?")]
IDS = [("local-id", STRING), ("remote-id", STRING)]
# a summary stands for many, the first of which was at since=
SUMMARY = [("count", r"[1-9]\d*"), ("since", SECONDS + r"|\?")]
ENDING = [("when", SECONDS), ("rec-seq", NUMBER)]
TAIL = [("exe", '"[^" ]+"'), ("hostname", r"\?"), ("addr", ADDRESS + r"|\?"),
        ("terminal", r"\?")]

GRAMMAR = {
    "start": [("event-id", "5451")] + WHO + [("old-child-sa", KNOWN)] + KIND + [
        ("cipher", WORD), ("ksize", NUMBER), ("integ", WORD), ("pfs", WORD),
        ("esn", "yes|no"), ("encap", "yes|no")] + PATH + [
        ("life-time", NUMBER), ("life-bytes", NUMBER), ("life-packets", NUMBER)] + IDS,
    "failure": [
        ("event-id", "4654"), ("acct", STRING), ("direction", r"initiator|responder|\?"),
        ("conn-name", STRING), ("child-name", STRING), ("ike-version", r"[12]|\?"),
        ("instance", NUMBER), ("ike-sa", KNOWN), ("child-sa", KNOWN), ("reqid", KNOWN),
        ("laddr", MAYBE_ADDRESS), ("lport", KNOWN), ("raddr", SENDER), ("rport", KNOWN),
        ("local-ts", SELECTORS), ("remote-ts", SELECTORS), ("proposals", PROPOSALS)] + IDS + [
        ("reason", "[a-z][a-z0-9-]+"), ("failure-point", r"local|remote|\?"),
        ("qm-state", r"none|first-sent|\?"), ("exchange", EXCHANGE),
        ("msgid", KNOWN), ("notify", NOTIFY)] + SUMMARY,
    "invalid-packet": [
        ("event-id", "4977"), ("ike-version", KNOWN), ("exchange", EXCHANGE),
        ("msgid", KNOWN), ("instance", NUMBER), ("ike-sa", KNOWN),
        ("ike-spi-i", IKE_SPI), ("ike-spi-r", IKE_SPI),
        ("laddr", MAYBE_ADDRESS), ("lport", KNOWN), ("raddr", SENDER), ("rport", KNOWN),
        ("packet-len", KNOWN),
        ("reason", "bad-integrity|bad-hash|malformed|invalid-payload|"
                   "unknown-critical-payload|unsupported-exchange|unexpected-message-id|"
                   "replayed|unknown-ike-sa|bad-header|unencrypted|no-keys|premature|several|unknown"),
        ("authenticated", r"yes|no|\?")] + SUMMARY,
    "destroy": [("event-id", "5452")] + WHO + KIND + PATH + IDS + [
        ("reason", "deleted|rekeyed|expired|dpd|ike-deleted|ike-expired|reauthenticated|"
                   "replaced|shutdown|parse-error|external-delete|external-flush|"
                   "daemon-died|unknown"),
        ("ended-by", r"local|peer|kernel|external|\?"), ("bytes-in", KNOWN), ("bytes-out", KNOWN),
        ("packets-in", KNOWN), ("packets-out", KNOWN), ("duration", SECONDS),
        ("total-bytes-in", KNOWN), ("total-bytes-out", KNOWN), ("rekeys", NUMBER),
        ("last-seen", SECONDS + r"|\?")],
    "audit-start": [("instance", NUMBER), ("version", WORD), ("daemon", WORD),
                    ("daemon-version", WORD), ("policy", POLICY),
                    ("durability", DURABILITY), ("last-run", LAST_RUN),
                    ("last-alive", SECONDS + r"|\?"), ("open-sas", NUMBER),
                    ("waiting", NUMBER)],
    "audit-stop": [("instance", NUMBER), ("written", NUMBER), ("policy", POLICY)],
    "policy-change": [("event-id", "4719"), ("instance", NUMBER), ("old-policy", POLICY),
                      ("new-policy", POLICY), ("changes", r"[a-z,-]+")],
    "lost": [("instance", NUMBER), ("count", NUMBER), ("since", SECONDS),
             ("cause", "queue|audit|netlink|store")],
    "store-change": [("instance", NUMBER), ("old-durability", DURABILITY),
                     ("durability", DURABILITY), ("error", "none|E[A-Z0-9]+")],
    "unknown-sa": [("instance", NUMBER), ("satype", "ipsec-(esp|ah)"),
                   ("samode", r"tunnel|transport|beet|\?"), ("spi", SPI),
                   ("src-addr", MAYBE_ADDRESS), ("dst-addr", ADDRESS), ("reqid", KNOWN),
                   ("if-id", NUMBER), ("mark", MARK), ("creator", STRING),
                   ("creator-proc", KNOWN), ("since", SECONDS)],
}
RESULTS = {"lost": "failed", "failure": "failed",
           # a setting says which
           "invalid-packet": "success|failed"}


class Record:
    """One record, as libauparse splits it."""

    def __init__(self, pairs, second, serial):
        self.second = second
        self.serial = serial
        self.pairs = pairs
        self.fields = dict(pairs)
        self.pid = int(self.fields.get("pid", 0))

    @property
    def op(self):
        """The record's op=."""
        return self.fields.get("op", "?")

    @property
    def kind(self):
        """What it tells of: its op, but two events are an op=start."""
        failed = self.op == "start" and self.fields.get("event-id") == "4654"
        return "failure" if failed else self.op

    @property
    def key(self):
        """What numbers records: a start of the daemon."""
        return self.fields.get("instance")

    @property
    def body(self):
        """What a record is known by, whoever sent it and however often."""
        names = [name for name, _ in self.pairs]
        if "op" not in names or "exe" not in names:
            return self.pairs
        return self.pairs[names.index("op"):names.index("exe")]

    def spi(self, name):
        """in-spi or out-spi as a number, 0 where it is none."""
        match = re.fullmatch(SPI, self.fields.get(name, ""))
        return int(match.group(1)) if match else 0

    def number(self, name):
        """A field as a number, -1 where it is none."""
        value = self.fields.get(name, "")
        return float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else -1

    def brief(self):
        """The record in a few words, for a message."""
        names = ("op", "event-id", "pid", "child-sa", "in-spi", "out-spi", "reason",
                 "rec-seq")
        return " ".join(f"{n}={self.fields[n]}" for n in names if n in self.fields)

    def faults(self):
        """What differs from the grammar."""
        grammar = GRAMMAR.get(self.kind)
        if grammar is None:
            return [f"no such op: {self.brief()}"]
        result = ("res", RESULTS.get(self.kind, "success"))
        wanted = [("op", self.op)] + grammar + ENDING + TAIL + [result]
        names = [name for name, _ in self.pairs]
        names = names[names.index("op"):]
        # what auditd's ENRICHED format adds is not ours
        names = [name for name in names if name not in ("UID", "AUID")]
        if names != [name for name, _ in wanted]:
            return [f"fields are {' '.join(names)} in: {self.brief()}"]
        found = [f"{name}={self.fields[name]} in: {self.brief()}" for name, shape in wanted
                 if not re.fullmatch(shape, self.fields[name])]
        return found + self._spi_faults() + self._addr_faults() + self._count_faults()

    def _spi_faults(self):
        return [f"{name}={self.fields[name]}: the two forms differ" for name in
                ("in-spi", "out-spi") if name in self.fields and
                self.fields[name] != f"{self.spi(name)}(0x{self.spi(name):x})"]

    def _addr_faults(self):
        peer = self.fields.get("raddr", self.fields["addr"])
        # a network is the address of nobody
        if self.fields["addr"] != ("?" if "/" in peer else peer):
            return [f"addr={self.fields['addr']} is not the peer in: {self.brief()}"]
        return []

    def _count_faults(self):
        """One that stands for many has begun before it was written."""
        if self.kind not in ("failure", "invalid-packet"):
            return []
        many = self.number("count") > 1
        if self.number("since") > self.number("when") or (
                self.fields["reason"] == "several" and not many):
            return [f"count={self.fields['count']} since={self.fields['since']} "
                    f"when={self.fields['when']} in: {self.brief()}"]
        return []


def _pairs(parser):
    """Names and values of a record.

    libauparse drops a ')' at the end of a value: those are taken from the text, when
    it has them.
    """
    pairs = []
    words = parser.get_record_text().replace("'", " ").split(" ")
    more = parser.first_field()
    while more:
        name, value = parser.get_field_name(), parser.get_field_str()
        pairs.append((name, value + ")" if f"{name}={value})" in words else value))
        more = parser.next_field()
    return [pair for pair in pairs if pair[0] != "type"]


def read(path):
    """Our records in an audit log, by libauparse.

    In the order in which the kernel took them: a record that auditd could not read at
    once may come to its log behind later ones.
    """
    records = []
    with _LOCK:
        parser = auparse.AuParser(auparse.AUSOURCE_FILE, path)
        while parser.parse_next_event():
            stamp = parser.get_timestamp()
            for number in range(parser.get_num_records()):
                parser.goto_record_num(number)
                if parser.get_type_name() == TYPE:
                    records.append(Record(_pairs(parser), stamp.sec, stamp.serial))
        del parser
    # a boot begins to count anew
    return sorted(records, key=lambda record: (record.second, record.serial))


def once(records):
    """Without those that were sent again: a record is what its number and body say."""
    found = {}
    for record in records:
        found.setdefault((record.key, tuple(record.body)), record)
    return list(found.values())


def ausearch(path, *options):
    """What ausearch prints for our record type of a log; '' when it finds none."""
    done = subprocess.run(
        ["ausearch", "-if", path, "-m", TYPE, *options], check=False,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    # status 1 says that nothing was found, or that it went wrong
    if done.returncode and done.stderr.strip() not in (b"", b"<no matches>"):
        raise RuntimeError(f"ausearch {' '.join(options)}: {done.stderr.decode()}")
    return done.stdout.decode(errors="surrogateescape")


def _lines(text):
    """Lines that end with a newline: auditd puts other separators into them."""
    return text.split("\n")[:-1]


def ausearch_faults(path, records):
    """Where ausearch sees another log than libauparse."""
    faults = []
    raw = _lines(ausearch(path, "--raw"))
    serials = [int(re.search(r":(\d+)\)", line).group(1)) for line in raw]
    if sorted(serials) != sorted(record.serial for record in records):
        faults.append(f"ausearch --raw finds {len(serials)} records, "
                      f"libauparse {len(records)}")
    shown = ausearch(path, "-i").count(f"type={TYPE} ")
    if shown != len(records):
        faults.append(f"ausearch -i shows {shown} records, libauparse finds {len(records)}")
    failed = len(_lines(ausearch(path, "-sv", "no", "--raw")))
    wanted = sum(1 for record in records if record.fields.get("res") == "failed")
    if failed != wanted:
        faults.append(f"ausearch -sv no finds {failed} records, {wanted} have res=failed")
    return faults
