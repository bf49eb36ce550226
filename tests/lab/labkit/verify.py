# SPDX-License-Identifier: GPL-2.0-or-later
"""qm-audit verify, as a second judge beside promise.py: it has the records alone."""

import json
import os
import re

from .shell import run

# what a scenario that leaves no record at all says it expects
EMPTY = "empty"


def findings(log, *options):
    """Names of what it finds in a log, and all of it as text."""
    status, text = run(["qm-audit", "verify", "--json", *options, log], check=False)
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


SEQ = re.compile(rb" rec-seq=(\d+) ")
RUN = re.compile(rb" pid=(\d+) .* instance=(\d+) ")


def _middle(lines):
    """The line in the middle of the numbers of one run, or None."""
    runs = {}
    for line in lines:
        runs.setdefault(RUN.search(line).groups(), []).append(line)
    longest = sorted(max(runs.values(), key=len, default=[]),
                     key=lambda line: int(SEQ.search(line)[1]))
    return longest[len(longest) // 2] if len(longest) > 2 else None


def check_spoiled(log):
    """Whether it notices that a record was taken out, or one forged."""
    with open(log, "rb") as file:
        lines = file.readlines()
    line = _middle(lines)
    if line is None:
        return []
    problems = []
    for name, spoiled in (
            ("hole", [other for other in lines if other is not line]),
            ("conflict", lines + [line.replace(b" instance=", b" forged=1 instance=", 1)])):
        path = f"{log}.spoiled"
        with open(path, "wb") as file:
            file.writelines(spoiled)
        if name not in findings(path)[0]:
            problems.append(f"qm-audit verify finds no {name} with this line spoiled: "
                            f"{line.decode(errors='replace').strip()}")
        os.unlink(path)
    return problems


def check(log, expected):
    """What is wrong with what it finds in the log of one scenario."""
    names, texts = findings(log)
    if names == expected:
        return check_spoiled(log)
    return [f"qm-audit verify finds {' '.join(sorted(names)) or 'nothing'}, and not "
            f"{' '.join(sorted(expected)) or 'nothing'}"] + texts


def check_whole(log, scenarios):
    """What is wrong with what it finds in the whole log of a guest."""
    expected = set().union(*(scenario.findings for scenario in scenarios))
    if any(scenario.lossy for scenario in scenarios):
        return []
    if EMPTY in expected or any(scenario.kills_again for scenario in scenarios):
        # an SA of a charon that writes nothing, or was killed before it could, and so
        # were those after it, until somebody flushed the kernel
        expected.add("kernel-only")
    if any(scenario.switches_audit_off for scenario in scenarios):
        # nor does the kernel tell of what it does meanwhile
        expected.add("not-in-kernel")
    names, texts = findings(log)
    if names <= expected:
        return []
    return ["qm-audit verify finds in the whole log " +
            " ".join(sorted(names - expected))] + texts
