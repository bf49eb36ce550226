# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's auditd: starting it, and following its log while it grows.

What is read here only steers the scenarios. What decides is read with libauparse
and ausearch, in trail.py.
"""

import os
import re
import threading

import audit

from .shell import LabError, read, run, tail, wait_for, write

LOG = "/var/log/audit/audit.log"
SETTINGS = "/etc/audit/auditd.conf"
# as Debian's rules set it
BACKLOG = "8192"
# the kernel's default: a minute, in ticks of Debian's kernels
BACKLOG_WAIT = "15000"
OURS = re.compile(rb"(?:node=\S+ )?type=CRYPTO_IPSEC_SA msg=audit\([0-9.]+:(\d+)\): "
                  rb"pid=(\d+) .*?msg='(.*)'")
MARK = re.compile(rb"(?:node=\S+ )?type=USER .*msg='lab-mark=(\d+) ")


class AuditLog:
    """One auditd and its log, shared by all lanes."""

    def __init__(self):
        self._lock = threading.Lock()
        self._offset = 0
        self._rest = b""
        self._mark = 0
        self._seen_mark = 0
        self._records = []
        self._fd = None

    def start(self, folder):
        """Starts auditd with its log in a folder, with Debian's own settings.

        Except that its log is not to be rotated.
        """
        settings = read(SETTINGS)
        if "max_log_file_action = ROTATE" not in settings:
            raise LabError(f"{SETTINGS} does not say max_log_file_action = ROTATE")
        write(SETTINGS, settings.replace("max_log_file_action = ROTATE",
                                         "max_log_file_action = IGNORE"))
        run(["mount", "--bind", folder, os.path.dirname(LOG)])
        run(["auditd"])
        run(["auditctl", "-b", BACKLOG])
        self._fd = audit.audit_open()
        if self._fd < 0:
            raise LabError("audit_open() failed in the guest")
        self.sync()

    @staticmethod
    def pid():
        """auditd's process id."""
        # the second since auditd 4.1
        return int(read("/run/auditd.pid") or read("/run/audit/auditd.pid"))

    def _poll(self):
        data = tail(LOG, self._offset)
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            ours = OURS.match(line)
            if ours:
                self._records.append((int(ours[2]), ours[3].decode(errors="replace"), line))
                continue
            mark = MARK.match(line)
            if mark:
                self._seen_mark = int(mark[1])

    def records(self, pids):
        """Texts of the records that processes wrote up to now."""
        with self._lock:
            self._poll()
            return [text for pid, text, _ in self._records if pid in pids]

    def lines(self, pids=None):
        """Log lines of our type, of some processes or of all."""
        with self._lock:
            self._poll()
            return [line for pid, _, line in self._records if pids is None or pid in pids]

    def strays(self, pids):
        """Log lines of our type by processes that are not in pids."""
        with self._lock:
            self._poll()
            return [line for pid, _, line in self._records if pid not in pids]

    def sync(self):
        """Returns when auditd has written all that the kernel has accepted."""
        with self._lock:
            self._mark += 1
            mark = self._mark
            audit.audit_log_user_message(
                self._fd, audit.AUDIT_USER, f"lab-mark={mark}", None, "", "", 1)
        wait_for("auditd to write a mark", lambda: self._reached(mark))

    def _reached(self, mark):
        with self._lock:
            self._poll()
            return self._seen_mark >= mark
