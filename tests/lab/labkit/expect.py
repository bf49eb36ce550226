# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario expects of a gateway's records, and whether it came true.

One line for each record in the order of rec-seq: the op, then constraints on
fields; 'start' is a 5451 unless the line has another event-id. Neighbouring lines that begin with '&' form a group whose order does not
matter; a group of lines that begin with '*' stands for any number of such records.

    key=value      the value as it stands in the record
    key=<name>     any value; the same one wherever <name> is used
    key=enc:TEXT   TEXT (%XX for what a line cannot hold) encoded as audit does
    key!=value     another value
    key~regex      the whole value matches
    key>number     a larger number
"""

import re
import urllib.parse

CONSTRAINT = re.compile(r"([a-z0-9-]+)(=|!=|~|>)(.*)$")
# written at each start and end of a daemon; promise.py checks them
IMPLIED = ("audit-start", "audit-stop")


def fields(text):
    """The fields of a record's text, in order."""
    return dict(pair.partition("=")[::2] for pair in text.split(" "))


def encode(text):
    """A string as audit records carry it: quoted, or in hexadecimal."""
    data = text.encode("utf-8", errors="surrogateescape")
    if any(byte <= 0x20 or byte >= 0x7f or byte in b"\"'" for byte in data):
        return data.hex().upper()
    return f'"{text}"'


def parse_constraints(words):
    """Constraints as (key, operator, value)."""
    found = []
    for word in words:
        match = CONSTRAINT.match(word)
        if not match:
            raise ValueError(f"not a constraint: {word}")
        key, operator, value = match.groups()
        if operator == "=" and value.startswith("enc:"):
            value = encode(urllib.parse.unquote(value[4:]))
        found.append((key, operator, value))
    return found


def _one(value, operator, wanted, names):
    if operator == "~":
        return re.fullmatch(wanted, value) is not None
    if operator == "!=":
        return value != wanted
    if operator == ">":
        return re.fullmatch(r"[0-9.]+", value) is not None and float(value) > float(wanted)
    if wanted.startswith("<") and wanted.endswith(">"):
        return names.setdefault(wanted, value) == value
    return value == wanted


def mismatches(record, wanted, names):
    """The constraints that a record does not fulfil; learns names."""
    return [f"{key}{operator}{value} (is {record.get(key, 'missing')}"
            f"{', ' + value + ' is ' + names[value] if value in names else ''})"
            for key, operator, value in wanted
            if key not in record or not _one(record[key], operator, value, names)]


def matches(record, wanted, names):
    """Whether a record fulfils constraints; learns names only if it does."""
    learned = dict(names)
    if mismatches(record, wanted, learned):
        return False
    names.update(learned)
    return True


class Expected:
    """The expected records of one gateway."""

    def __init__(self, lines):
        # (mark, entries), an entry being (line number, constraints)
        self._groups = []
        for number, line in lines:
            mark = line[0] if line[0] in "&*" else ""
            entry = (number, self._entry(*line.lstrip("&* ").split()))
            if mark and self._groups and self._groups[-1][0] == mark:
                self._groups[-1][1].append(entry)
            else:
                self._groups.append((mark, [entry]))

    @staticmethod
    def _entry(op, *words):
        wanted = parse_constraints(words)
        # a negotiation that failed is an op=start as well
        if op == "start" and not any(key == "event-id" for key, _, _ in wanted):
            wanted.insert(0, ("event-id", "=", "5451"))
        return [("op", "=", op)] + wanted

    def check(self, records, names):
        """What is wrong with a gateway's records, given as dicts in order."""
        records = [record for record in records if record.get("op") not in IMPLIED]
        problems = []
        for mark, group in self._groups:
            count = len(group)
            if mark == "*":
                count = self._run_length(group, records, names)
            else:
                problems += self._group(group, records[:count], names)
            records = records[count:]
        return problems + [f"unexpected record: {brief(record)}" for record in records]

    @staticmethod
    def _run_length(group, records, names):
        """How many records from the first on match one of the lines."""
        for count, record in enumerate(records):
            if not any(matches(record, wanted, names) for _, wanted in group):
                return count
        return len(records)

    @staticmethod
    def _group(group, records, names):
        """What is wrong with the records of a group: lines that match none are compared
        with what the others have left."""
        problems, unmatched = [], []
        left = list(records)
        for number, wanted in group:
            found = next((r for r in left if matches(r, wanted, names)), None)
            if found is None:
                unmatched.append((number, wanted))
            else:
                left.remove(found)
        for number, wanted in unmatched:
            if left:
                found = left.pop(0)
                wrong = "; ".join(mismatches(found, wanted, dict(names)))
                problems.append(f"line {number}: {wrong} in: {brief(found)}")
            else:
                text = " ".join("".join(part) for part in wanted)
                problems.append(f"line {number}: no such record: {text}")
        return problems


def brief(record):
    """A record in a few words, for a message."""
    keys = ("op", "event-id", "child-name", "child-sa", "in-spi", "out-spi", "exchange",
            "msgid", "reason", "ended-by", "failure-point", "qm-state", "notify",
            "authenticated", "packet-len", "count", "rec-seq")
    return " ".join(f"{key}={record[key]}" for key in keys if key in record)
