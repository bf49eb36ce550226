# SPDX-License-Identifier: GPL-2.0-or-later
"""Elasticsearch's ingest processors, as far as packaging/siem/elastic uses them. What it
does not know is an error."""

import hashlib
import json
import re

PART = re.compile(r"(ctx(?:\??\.\w+)+)\s*(==|!=)\s*(null|'[^']*')")


class Failed(Exception):
    """A processor that could not do its work."""


def get(doc, path):
    for name in path.split("."):
        if not isinstance(doc, dict) or name not in doc:
            return None
        doc = doc[name]
    return doc


def put(doc, path, value):
    *way, last = path.split(".")
    for name in way:
        doc = doc.setdefault(name, {})
    doc[last] = value


def holds(condition, doc):
    """An expression in Painless: comparisons, all of which have to hold."""
    for text in condition.split("&&"):
        match = PART.fullmatch(text.strip())
        if not match:
            raise ValueError("condition %r" % text)
        path, operator, literal = match.groups()
        value = get(doc, re.sub(r"\?", "", path)[len("ctx."):])
        wanted = None if literal == "null" else literal[1:-1]
        if (value == wanted) != (operator == "=="):
            return False
    return True


def fill(template, doc):
    return re.sub(r"\{\{\{([^}]+)\}\}\}", lambda m: str(get(doc, m.group(1))), template)


def run_json(spec, doc):
    try:
        value = json.loads(get(doc, spec["field"]))
    except (TypeError, ValueError) as error:
        raise Failed(str(error)) from None
    doc.update(value)


def run_set(spec, doc):
    value = (get(doc, spec["copy_from"]) if "copy_from" in spec
             else fill(spec["value"], doc))
    if value in (None, "") and spec.get("ignore_empty_value"):
        return
    if value is None:
        raise Failed("nothing in %s" % spec["copy_from"])
    if spec.get("override", True) or get(doc, spec["field"]) is None:
        put(doc, spec["field"], value)


def run_convert(spec, doc):
    value = get(doc, spec["field"])
    if value is None or spec["type"] != "string":
        raise Failed("nothing in %s" % spec["field"])
    put(doc, spec["field"], str(value))


def run_append(spec, doc):
    values = get(doc, spec["field"]) or []
    for template in spec["value"]:
        value = fill(template, doc)
        if value not in values or spec.get("allow_duplicates", True):
            values.append(value)
    put(doc, spec["field"], values)


def run_fingerprint(spec, doc):
    text = json.dumps([get(doc, field) for field in spec["fields"]], sort_keys=True)
    put(doc, spec["target_field"], hashlib.sha256(text.encode()).hexdigest())


PROCESSORS = {"json": run_json, "set": run_set, "append": run_append,
              "convert": run_convert, "fingerprint": run_fingerprint}
KEYS = {"field", "value", "if", "add_to_root", "type", "copy_from", "override",
        "ignore_empty_value", "allow_duplicates", "fields", "target_field", "method"}


def process(processors, doc):
    for processor in processors:
        (name, spec), = processor.items()
        if set(spec) - KEYS:
            raise ValueError("%s has %s" % (name, set(spec) - KEYS))
        if "if" not in spec or holds(spec["if"], doc):
            PROCESSORS[name](spec, doc)


def ingest(pipeline, doc):
    """What becomes of a document."""
    try:
        process(pipeline["processors"], doc)
    except Failed as error:
        put(doc, "_ingest.on_failure_message", str(error))
        process(pipeline["on_failure"], doc)
    return doc
