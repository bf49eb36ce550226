# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of strongSwan: trees made of dotted keys, and their text."""


def assign(tree, key, value):
    """Sets a dotted key; value None removes it with all that is below it."""
    *path, last = key.split(".")
    for name in path:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise ValueError(f"{key}: '{name}' has a value already, it is no section")
    if value is None:
        if last not in tree:
            raise ValueError(f"{key}: there is nothing to remove")
        del tree[last]
    else:
        tree[last] = value


def lookup(tree, key):
    """The value of a dotted key, None where there is none."""
    for name in key.split("."):
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree


def build(*layers):
    """One tree of lists of (key, value), later ones over earlier ones."""
    tree = {}
    for layer in layers:
        for key, value in layer:
            assign(tree, key, value)
    return tree


def render(tree, depth=0):
    """The tree in strongSwan's syntax. Values are written as they are."""
    lines = []
    indent = "\t" * depth
    for key, value in tree.items():
        if isinstance(value, dict):
            lines.append(f"{indent}{key} {{\n{render(value, depth + 1)}{indent}}}\n")
        else:
            lines.append(f"{indent}{key} = {value}\n")
    return "".join(lines)
