# SPDX-License-Identifier: GPL-2.0-or-later
"""qm-audit stream as auditd's plugin: its configuration, and what it has handed on."""

import json
import os
import re

from .auditlog import LOG
from .shell import LabError, read, run, write

PLUGIN = "/etc/audit/plugins.d/qm-audit.conf"


def configure(output):
    """Has auditd run the plugin from its next start on, as it was installed but for its
    output; without an output, has auditd not run it."""
    text = re.sub(r"(?m)^active = .*$", f"active = {'yes' if output else 'no'}", read(PLUGIN))
    if output:
        text = re.sub(r"(?m)^args = .*$", f"args = stream {output}", text)
    write(PLUGIN, text)
    mode = os.stat(PLUGIN).st_mode & 0o777
    if mode != 0o640:
        raise LabError(f"{PLUGIN} was installed with mode {mode:o}")


def pids():
    """Process ids of the plugin."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"/usr/sbin/qm-audit", b"stream"]:
            found.append(int(pid))
    return found


def _events(text):
    return [json.loads(line) for line in text.splitlines()]


def compare(lines, paths):
    """Compares what the plugin has written with what qm-audit events makes of the same
    log: every event, in the order of the log, but for those that it says it dropped, at
    the places where it does. Returns how many it has handed on, and dropped."""
    known = {event["qm_audit"]["audit-id"]: event for event in _events(
        run(["qm-audit", "events", "--format", "json", LOG])[1])}
    # the log has them in the order in which auditd took them
    expected = [known[re.search(rb"msg=audit\(([0-9.:]+)\)", line)[1].decode()]
                for line in lines]
    given = dropped = 0
    for event in _events("".join(read(path) for path in paths)):
        data = event["winlog"]["event_data"]
        if data.get("Cause") == "stream":
            dropped += int(data["Count"])
            continue
        at = given + dropped
        if at >= len(expected) or event != expected[at]:
            raise LabError(f"event {at + 1} of the stream is not the log's: {event}")
        given += 1
    if given + dropped != len(expected):
        raise LabError(f"the log has {len(expected)} records, the stream {given} and "
                       f"{dropped} dropped")
    return given, dropped
