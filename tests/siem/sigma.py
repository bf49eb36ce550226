# SPDX-License-Identifier: GPL-2.0-or-later
"""A matcher of Sigma rules and correlations: the part of the language that the rules in
packaging/siem/sigma use. What it does not know is an error, so that no rule is passed
over in silence."""

import re

import yaml

SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
COMPARE = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
    "eq": lambda value, bound: value == bound,
}


def load(path):
    """The documents of a file, which are rules and correlations."""
    with open(path, encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


def equal(actual, wanted):
    if actual is None:
        return False
    if isinstance(wanted, int):
        return actual == str(wanted)
    pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, actual, re.IGNORECASE) is not None


def select(selection, event):
    """Whether a map (all of it) or a list of maps (one of them) is met."""
    if isinstance(selection, list):
        return any(select(entry, event) for entry in selection)
    for field, wanted in selection.items():
        if "|" in field:
            raise ValueError("modifier in %r" % field)
        values = wanted if isinstance(wanted, list) else [wanted]
        if not any(equal(event.get(field), value) for value in values):
            return False
    return True


def condition(words, known):
    """Parses or, and, not, and parentheses."""
    def primary():
        word = words.pop(0)
        if word == "not":
            return not primary()
        if word == "(":
            value = either()
            if words.pop(0) != ")":
                raise ValueError("parenthesis not closed")
            return value
        return known[word]

    def both():
        value = primary()
        while words and words[0] == "and":
            words.pop(0)
            value = primary() and value
        return value

    def either():
        value = both()
        while words and words[0] == "or":
            words.pop(0)
            value = both() or value
        return value

    value = either()
    if words:
        raise ValueError("left over in the condition: %s" % words)
    return value


def matches(rule, event):
    detection = dict(rule["detection"])
    words = re.findall(r"[()]|[^\s()]+", detection.pop("condition"))
    return condition(words, {name: select(selection, event)
                             for name, selection in detection.items()})


def aggregate(kind, field, events):
    if kind == "event_count":
        return len(events)
    values = [float(event[field]) for event in events]
    return sum(values) / (len(values) if kind == "value_avg" else 1)


def correlate(rule, rules, events):
    """The events at which a correlation is met, over the time before each."""
    spec = rule["correlation"]
    bounds = dict(spec["condition"])
    field = bounds.pop("field", None)
    kind = spec["type"]
    if kind not in ("event_count", "value_sum", "value_avg"):
        raise ValueError("correlation type %s" % kind)
    span = int(spec["timespan"][:-1]) * SPANS[spec["timespan"][-1]]
    named = {entry["name"]: entry for entry in rules if "name" in entry}
    groups = {}
    found = []
    for event in events:
        if not any(matches(named[name], event) for name in spec["rules"]):
            continue
        key = tuple(event.get(name) for name in spec["group-by"])
        group = groups.setdefault(key, [])
        group.append(event)
        recent = [past for past in group if past["@time"] > event["@time"] - span]
        value = aggregate(kind, field, recent)
        if all(COMPARE[name](value, bound) for name, bound in bounds.items()):
            found.append(event)
    return found


def hits(rules, events):
    """What a file of rules raises: {title: events}. The rules that a correlation
    names raise nothing of their own."""
    inner = {name for rule in rules if "correlation" in rule
             for name in rule["correlation"]["rules"]}
    found = {}
    for rule in rules:
        if "correlation" in rule:
            found[rule["title"]] = correlate(rule, rules, events)
        elif rule.get("name") not in inner:
            found[rule["title"]] = [event for event in events if matches(rule, event)]
    return found


def fields(rules):
    """The fields that a file of rules uses."""
    used = set()
    for rule in rules:
        for name, selection in rule.get("detection", {}).items():
            if name == "condition":
                continue
            for entry in selection if isinstance(selection, list) else [selection]:
                used.update(entry)
        spec = rule.get("correlation", {})
        used.update(spec.get("group-by", []))
        used.update([spec["condition"]["field"]] if "field" in spec.get(
            "condition", {}) else [])
    return used
