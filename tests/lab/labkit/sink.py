# SPDX-License-Identifier: GPL-2.0-or-later
"""Disturbing the guest's audit: its daemon, its disk, the kernel's switch and backlog."""

import errno
import os
import signal
import subprocess
import sys

from .auditlog import BACKLOG, BACKLOG_WAIT, LOG
from .shell import LabError, read, run, tail, wait_for

FOLDER = os.path.dirname(LOG)
FILLING = f"{FOLDER}/filling"
PATIENCE = 120
# more than auditd.conf's space_left and admin_space_left, in MiB
ROOM = 100
FILL = """
import audit
fd = audit.audit_open()
while True:
    audit.audit_log_user_message(fd, audit.AUDIT_USER, "lab-fill", None, "", "", 1)
"""


class Sink:
    """What is done to the guest's audit, and how to undo it."""

    def __init__(self, auditlog):
        self._auditlog = auditlog
        self._stopped = False
        # auditd is not to be there
        self._gone = False
        self._changed = False
        self._small = False
        self._filler = None

    # --- auditd ----------------------------------------------------------

    def stop(self):
        """auditd stands still."""
        os.kill(self._auditlog.pid(), signal.SIGSTOP)
        self._stopped = True

    def cont(self):
        """It goes on."""
        if self._stopped:
            os.kill(self._auditlog.pid(), signal.SIGCONT)
            self._stopped = False

    def end(self, number=signal.SIGTERM):
        """auditd ends, as it should or by another signal."""
        pid = self._auditlog.pid()
        os.kill(pid, number)
        wait_for("auditd to end", lambda: _is_gone(pid), PATIENCE, 0.02)
        self._gone = True
        self._stopped = False

    def kill(self):
        """auditd is killed."""
        self.end(signal.SIGKILL)

    def start(self):
        """auditd is started."""
        run(["auditd"])
        self._gone = False

    # --- its disk --------------------------------------------------------

    def small(self):
        """auditd has its log on a small file system from now on, with what was there."""
        self.end()
        text = tail(LOG)
        run(["mount", "-t", "tmpfs", "-o", f"size={ROOM + (len(text) >> 20)}m,mode=750",
             "small", FOLDER])
        with open(LOG, "wb") as file:
            file.write(text)
        os.chmod(LOG, 0o600)
        self._small = True
        self.start()

    def large(self):
        """The log is where it was before, and has what has been added since."""
        self.end()
        text = tail(LOG)
        run(["umount", FOLDER])
        # not made anew: somebody may follow it
        with open(LOG, "ab") as file:
            file.write(text[file.tell():])
        self._small = False
        self.start()

    @staticmethod
    def full():
        """There is no room left."""
        with open(FILLING, "wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    @staticmethod
    def room():
        """There is room again, but auditd has not been told."""
        os.unlink(FILLING)

    def goon(self):
        """auditd writes again after it has suspended that."""
        os.kill(self._auditlog.pid(), signal.SIGUSR2)

    # --- the kernel ------------------------------------------------------

    def switch(self, on):
        """Turns the kernel's audit on or off."""
        self._changed = True
        run(["auditctl", "-e", "1" if on else "0"])

    def backlog(self, limit=BACKLOG, wait=BACKLOG_WAIT):
        """Sets the kernel's backlog limit; what exceeds it makes senders wait, for that
        many of the kernel's ticks at most."""
        self._changed = True
        run(["auditctl", "-b", limit])
        run(["auditctl", "--backlog_wait_time", wait])

    def fill(self, on):
        """Sends records without end, so that the kernel's backlog stays full."""
        if on:
            self._filler = subprocess.Popen([sys.executable, "-c", FILL])
            # in uninterruptible sleep: the kernel makes it wait
            wait_for("the backlog to be full", lambda: ") D " in read(
                f"/proc/{self._filler.pid}/stat"), PATIENCE, 0.01)
        elif self._filler:
            self._filler.kill()
            self._filler.wait()
            self._filler = None

    @staticmethod
    def reset_lost():
        """Has the kernel forget what it lost; returns how much that was."""
        return run(["auditctl", "--reset-lost"])[1].splitlines()

    def restore(self):
        """Undoes whatever was done."""
        self.cont()
        self.fill(False)
        if os.path.exists(FILLING):
            self.room()
        if self._gone:
            self.start()
        if self._small:
            self.large()
        if self._changed:
            self.switch(True)
            self.backlog()
            self._changed = False


def _is_gone(pid):
    state = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return not state or state[0] == "Z"


def words(sink):
    """What a scenario's steps may ask for, by the step's first two words."""
    return {("auditd", "stop"): sink.stop, ("auditd", "cont"): sink.cont,
            ("auditd", "end"): sink.end, ("auditd", "kill"): sink.kill,
            ("auditd", "start"): sink.start, ("auditd", "goon"): sink.goon,
            ("disk", "small"): sink.small, ("disk", "large"): sink.large,
            ("disk", "full"): sink.full, ("disk", "room"): sink.room}


def ask(sink, word, what):
    """Does what a step asks for."""
    wanted = words(sink).get((word, what))
    if not wanted:
        raise LabError(f"no such step: {word} {what}")
    wanted()
