# SPDX-License-Identifier: GPL-2.0-or-later
"""Wazuh's decoders and rules, as far as packaging/siem/wazuh uses them: a parent decoder
that is found by its prematch, children that each add fields, a tree of rules by if_sid,
and rules that count others over time. What it does not know is an error."""

import re
import xml.etree.ElementTree as ElementTree

OSREGEX = {"\\w": r"[A-Za-z0-9@_-]", "\\d": "[0-9]", "\\s": " ", "\\S": r"[^ ]",
           "\\.": ".", "\\(": r"\(", "\\)": r"\)"}
BARE = set("^$+*|()")


def osregex(text):
    """An expression in the syntax of Wazuh's own regex, in which a dot is a dot."""
    out = ""
    for part in re.findall(r"\\.|.", text, re.DOTALL):
        if part.startswith("\\"):
            out += OSREGEX[part]
        else:
            out += part if part in BARE else re.escape(part)
    return re.compile(out)


def load(path):
    with open(path, encoding="utf-8") as file:
        return ElementTree.fromstring("<file>%s</file>" % file.read())


def only(element, known):
    for child in element:
        if child.tag not in known:
            raise ValueError("<%s> in <%s>" % (child.tag, element.tag))


class Decoders:
    def __init__(self, path):
        self.parents = []
        self.children = []
        for decoder in load(path):
            only(decoder, ("parent", "prematch", "regex", "order"))
            if decoder.find("parent") is None:
                self.parents.append((decoder.get("name"),
                                     osregex(decoder.find("prematch").text)))
            else:
                order = decoder.find("order").text.split(",")
                self.children.append((decoder.find("parent").text,
                                      osregex(decoder.find("regex").text), order))

    def decode(self, line):
        for name, prematch in self.parents:
            if not prematch.search(line):
                continue
            fields = {}
            for parent, regex, order in self.children:
                match = regex.search(line) if parent == name else None
                if match:
                    fields.update(zip(order, match.groups()))
            return name, fields
        return None, {}


class Rules:
    KNOWN = ("decoded_as", "if_sid", "if_matched_sid", "field", "same_srcip",
             "description", "group")

    def __init__(self, path):
        self.rules = list(load(path).iter("rule"))
        for rule in self.rules:
            only(rule, self.KNOWN)
        self.seen = {}

    def matches(self, rule, fields):
        for field in rule.findall("field"):
            value = fields.get(field.get("name"))
            if value is None or not osregex(field.text).search(value):
                return False
        return True

    def counts(self, rule, fields, time):
        """Whether a rule has matched often enough, of one source."""
        key = (rule.get("id"), fields.get("srcip"))
        times = self.seen.setdefault(key, [])
        times.append(time)
        times[:] = [past for past in times if past > time - int(rule.get("timeframe"))]
        if len(times) < int(rule.get("frequency")):
            return False
        times.clear()
        return True

    def below(self, sid, fields):
        """The rule that matches, deepest in the tree below one."""
        for rule in self.rules:
            if rule.findtext("if_sid") == sid and self.matches(rule, fields):
                return self.below(rule.get("id"), fields) or rule
        return None

    def judge(self, decoder, fields, time):
        """The ids of the rules that an event raises."""
        for root in self.rules:
            if root.findtext("decoded_as") == decoder:
                rule = self.below(root.get("id"), fields) or root
                break
        else:
            return []
        raised = [int(rule.get("id"))] if rule.get("level") != "0" else []
        chain = {rule.get("id"), rule.findtext("if_sid")}
        for counter in self.rules:
            if counter.findtext("if_matched_sid") in chain - {None} and self.counts(
                    counter, fields, time):
                raised.append(int(counter.get("id")))
        return raised
