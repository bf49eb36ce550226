# SPDX-License-Identifier: GPL-2.0-or-later
"""PromQL, as far as packaging/siem/prometheus uses it, on two scrapes of one target that
are so far apart that all windows hold both. What it does not know is an error."""

import re

import yaml

SAMPLE = re.compile(r'^(\w+)(\{.*\})? (\S+)$')
NUMBER = r"[0-9.]+"
COMPARISON = re.compile(r"(.+?) (==|>) (%s)$" % NUMBER)
WINDOW = re.compile(r"(increase|rate)\((\w+)\[(\d+)m\]\)$")
SUM = re.compile(r"sum without \((\w+)\) \((\w+)\)$")
RATIO = re.compile(r"(\w+) / (\w+)$")


def load(path):
    with open(path, encoding="utf-8") as file:
        return [rule for group in yaml.safe_load(file)["groups"]
                for rule in group["rules"]]


def scrape(text):
    """{metric: {labels: value}}"""
    found = {}
    for line in text.rstrip("\n").split("\n"):
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            found.setdefault(name, {})[labels or ""] = float(value)
    return found


def vector(text, before, now):
    """The values of an expression without a comparison, by labels."""
    window = WINDOW.match(text)
    if window:
        kind, name, minutes = window.groups()
        seconds = 60 * int(minutes) if kind == "rate" else 1
        return {labels: (value - before[name].get(labels, value)) / seconds
                for labels, value in now[name].items()}
    total = SUM.match(text)
    if total:
        return {"": sum(now[total.group(2)].values())}
    ratio = RATIO.match(text)
    if ratio:
        return {"": now[ratio.group(1)][""] / now[ratio.group(2)][""]}
    if not re.fullmatch(r"\w+", text):
        raise ValueError("expression %r" % text)
    return now[text]


def fires(rule, before, now):
    """Whether a rule's expression has any result."""
    for part in rule["expr"].split(" or "):
        absent = re.fullmatch(r"absent\((\w+)\)", part)
        if absent:
            if absent.group(1) not in now:
                return True
            continue
        match = COMPARISON.match(part)
        if not match:
            raise ValueError("expression %r" % part)
        text, operator, bound = match.groups()
        for value in vector(text, before, now).values():
            if value == float(bound) if operator == "==" else value > float(bound):
                return True
    return False


def names(rule):
    return set(re.findall(r"qm_audit_\w+", rule["expr"]))
