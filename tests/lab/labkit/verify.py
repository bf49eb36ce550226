# SPDX-License-Identifier: GPL-2.0-or-later
"""qm-audit verify, as a second judge beside promise.py: it has the records alone."""

import json

from .shell import run

# what a scenario that leaves no record at all says it expects
EMPTY = "empty"


def findings(log):
    """Names of what it finds in a log, and all of it as text."""
    status, text = run(["qm-audit", "verify", "--json", log], check=False)
    try:
        verdict = json.loads(text)
    except ValueError:
        return {f"status {status}"}, [text]
    names = {finding["finding"] for finding in verdict["findings"]}
    if verdict["verdict"] == EMPTY:
        names.add(EMPTY)
    if bool(names) != (status == 1) or status not in (0, 1):
        names.add(f"status {status}")
    return names, [json.dumps(finding) for finding in verdict["findings"]]


def check(log, expected):
    """What is wrong with what it finds in the log of one scenario."""
    names, texts = findings(log)
    if names == expected:
        return []
    return [f"qm-audit verify finds {' '.join(sorted(names)) or 'nothing'}, and not "
            f"{' '.join(sorted(expected)) or 'nothing'}"] + texts


def check_whole(log, scenarios):
    """What is wrong with what it finds in the whole log of a guest."""
    expected = set().union(*(scenario.findings for scenario in scenarios))
    if any(scenario.lossy for scenario in scenarios):
        return []
    if EMPTY in expected:
        # an SA of a charon that writes nothing, if it lived for long
        expected.add("kernel-only")
    names, texts = findings(log)
    if names <= expected:
        return []
    return ["qm-audit verify finds in the whole log " +
            " ".join(sorted(names - expected))] + texts
