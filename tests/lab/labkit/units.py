# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit tests that need more of the kernel than the machine that builds may have."""

import os
import re

from .shell import LabError, run, write

PROGRAM = "/usr/libexec/qm-audit-tests/check_netlink"
# Those that ask the kernel itself. Not mirror_overrun: the kernel audits each of its SAs,
# and would lose records of the scenarios.
SUITES = ("mirror_esp", "mirror_keys", "mirror_live", "mirror_thread", "mirror_who",
          "xfrm_socket")
PATIENCE = 600
PLAN = re.compile(r"1\.\.(\d+)$")
RESULT = re.compile(r"(not )?ok \d+ - (.*?)(?: # SKIP (.*))?$")


def read(output, status):
    """What TAP and an exit status come to, as (title, what is wrong). There is no
    excuse for a test to be skipped, and the last verdict is on the program itself."""
    name = os.path.basename(PROGRAM)
    verdicts, planned = [], None
    for line in output.splitlines():
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan:
            planned = int(plan[1])
        elif result:
            bad, title, skipped = result.groups()
            verdicts.append((f"{name} {title}", ["it failed"] if bad else
                             [f"it was skipped: {skipped}"] if skipped is not None else []))
        elif verdicts and verdicts[-1][1]:
            verdicts[-1][1].append(line.lstrip("# "))
    problems = []
    if len(verdicts) != planned or not planned:
        problems.append(f"{len(verdicts)} of {planned} tests ended: "
                        f"{' / '.join(output.splitlines()[-3:])}")
    failed = any(line.startswith("not ok ") for line in output.splitlines())
    if status != failed:
        problems.append(f"exit status {status}")
    return verdicts + [(f"{name} comes to its end", problems)]


def check(folder):
    """Runs the suites, keeps what they print, and returns what read() makes of it."""
    try:
        status, output = run([PROGRAM, *SUITES], check=False, timeout=PATIENCE)
    except (LabError, OSError) as error:
        status, output = -1, f"{error}\n"
    write(f"{folder}/tap", output)
    return read(output, status)
