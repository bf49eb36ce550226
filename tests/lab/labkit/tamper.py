#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes the socket on which the mirror hears of SAs from a running charon.

tamper.py PID HOW COMMAND: while all threads of charon stand still the socket is lost and
a shell runs COMMAND. HOW is 'close'; 'replace', another file gets the socket's number; or
'deafen', the socket stays but leaves its groups. Nobody can shut a netlink socket down, so
charon itself is made to call close(2) or dup2(2).
"""

import contextlib
import ctypes
import os
import socket
import subprocess
import sys

PTRACE_PEEKTEXT, PTRACE_SINGLESTEP = 1, 9
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_DETACH = 12, 13, 17
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000
SYS_CLOSE, SYS_DUP2, SYS_PIDFD_GETFD = 3, 33, 438
SYSCALL = b"\x0f\x05"
NETLINK_XFRM, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP = 6, 270, 2
GROUPS = range(1, 32)
# charon has another socket of the kind, which does not hear of SAs that come and go
SA_GROUP = 1 << 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = _libc.syscall.restype = ctypes.c_long


class Registers(ctypes.Structure):
    """Those of a thread on x86-64, as ptrace has them."""

    _fields_ = [(name, ctypes.c_ulong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags "
        "rsp ss fs_base gs_base ds es fs gs").split()]


def _ptrace(request, thread, address=0, data=0):
    ctypes.set_errno(0)
    found = _libc.ptrace(ctypes.c_long(request), ctypes.c_long(thread),
                         ctypes.c_void_p(address), data)
    if found == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of thread {thread}: "
                      f"{os.strerror(ctypes.get_errno())}")
    return found


def _threads(pid):
    return {int(name) for name in os.listdir(f"/proc/{pid}/task")}


@contextlib.contextmanager
def standing_still(pid):
    """Stops all threads of a process for a while, those too that it makes meanwhile."""
    stopped = []
    try:
        while _threads(pid) - set(stopped):
            for thread in sorted(_threads(pid) - set(stopped)):
                _ptrace(PTRACE_SEIZE, thread)
                _ptrace(PTRACE_INTERRUPT, thread)
                os.waitpid(thread, WALL)
                stopped.append(thread)
        yield stopped
    finally:
        for thread in stopped:
            _ptrace(PTRACE_DETACH, thread)


def _waits(thread, registers):
    """Whether a thread was stopped in a system call, so that it can be had to make one."""
    word = _ptrace(PTRACE_PEEKTEXT, thread, registers.rip - len(SYSCALL))
    return (word & 0xffff).to_bytes(2, "little") == SYSCALL


def call(threads, number, *args):
    """Has one of some stopped threads make a system call; returns what that returned."""
    for thread in threads:
        before, registers = Registers(), Registers()
        for one in (before, registers):
            _ptrace(PTRACE_GETREGS, thread, 0, ctypes.byref(one))
        if not _waits(thread, before):
            continue
        registers.rip -= len(SYSCALL)
        registers.rax, registers.orig_rax = number, ctypes.c_ulong(-1).value
        for name, value in zip(("rdi", "rsi", "rdx"), args):
            setattr(registers, name, value)
        _ptrace(PTRACE_SETREGS, thread, 0, ctypes.byref(registers))
        _ptrace(PTRACE_SINGLESTEP, thread)
        os.waitpid(thread, WALL)
        _ptrace(PTRACE_GETREGS, thread, 0, ctypes.byref(registers))
        _ptrace(PTRACE_SETREGS, thread, 0, ctypes.byref(before))
        return ctypes.c_long(registers.rax).value
    raise OSError("no thread of the process waits in a system call")


def find(pid):
    """Number of the file on which a process hears of SAs."""
    with open(f"/proc/{pid}/net/netlink", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    inodes = {row[9] for row in rows if int(row[1]) == NETLINK_XFRM and
              int(row[3], 16) & SA_GROUP}
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if target.startswith("socket:[") and target[8:-1] in inodes:
                return int(name)
    raise OSError(f"process {pid} has no socket that hears of SAs")


def deafen(pid, number):
    """Has a process's socket leave all its groups, which it is not told."""
    copy = _libc.syscall(SYS_PIDFD_GETFD, os.pidfd_open(pid), number, 0)
    if copy < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    with socket.socket(fileno=copy) as sock:
        for group in GROUPS:
            with contextlib.suppress(OSError):
                sock.setsockopt(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, group)


def main(pid, how, command):
    """Does it; returns the command's exit status."""
    number = find(pid)
    with standing_still(pid) as threads:
        if how == "deafen":
            deafen(pid, number)
        elif how == "replace":
            # number 0 is /dev/null
            if call(threads, SYS_DUP2, 0, number) != number:
                raise OSError("dup2 failed")
        elif call(threads, SYS_CLOSE, number):
            raise OSError("close failed")
        return subprocess.run(command, shell=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
