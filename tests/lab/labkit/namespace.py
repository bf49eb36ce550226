# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux namespaces without helper programs: under emulation each one costs 0.1 s.

A namespace belongs to a thread: what a thread starts while it is inside, is inside.
"""

import contextlib
import ctypes
import os
import subprocess
import threading

from .shell import LabError

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2
# what every root of a guest sees
SHARED = ("/proc", "/sys", "/dev", "/run", "/tmp", "/results", "/lab", "/var/log/audit")
FOLDER = "/run/netns"
MINE = "/proc/thread-self/ns/net"

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *args):
    """Calls a function of libc that returns -1 on failure."""
    args = [arg.encode() if isinstance(arg, str) else arg for arg in args]
    if getattr(_libc, name)(*args) == -1:
        raise LabError(f"{name}{args}: {os.strerror(ctypes.get_errno())}")


def _in_thread(work):
    """Does work in a thread of its own, whose namespaces nobody shares."""
    result = []

    def body():
        try:
            result.append((work(), None))
        except (LabError, OSError) as error:
            result.append((None, error))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    value, error = result[0]
    if error:
        raise error
    return value


def _enter(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _call("setns", descriptor, CLONE_NEWNET)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def inside(name):
    """The calling thread is in a network namespace for a while."""
    home = os.open(MINE, os.O_RDONLY)
    try:
        _enter(f"{FOLDER}/{name}")
        yield
    finally:
        _call("setns", home, CLONE_NEWNET)
        os.close(home)


def add(name):
    """Makes a network namespace, with the name where ip(8) looks for it."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(f"{FOLDER}/{name}", "w", encoding="ascii"):
        pass

    def work():
        _call("unshare", CLONE_NEWNET)
        _call("mount", MINE, f"{FOLDER}/{name}", None, MS_BIND, None)

    _in_thread(work)


def remove(name):
    """Removes the name of a network namespace, if there is one."""
    path = f"{FOLDER}/{name}"
    if os.path.exists(path):
        _call("umount2", path, MNT_DETACH)
        os.unlink(path)


def start_daemon(name, state, target, args, root="", **options):
    """Starts a program in a network namespace, with mounts of its own: an empty /run,
    and the folder state at target; in another root, which then has what it shares."""
    def work():
        _enter(f"{FOLDER}/{name}")
        _call("unshare", CLONE_NEWNS)
        _call("mount", "none", "/", None, MS_REC | MS_PRIVATE, None)
        _call("mount", state, target, None, MS_BIND, None)
        _call("mount", "tmpfs", "/run", "tmpfs", 0, "mode=755")
        for path in (*SHARED, target) if root else ():
            os.makedirs(root + path, exist_ok=True)
            _call("mount", path, root + path, None, MS_BIND | MS_REC, None)
        return subprocess.Popen([*(["chroot", root] if root else []), *args],
                                stdin=subprocess.DEVNULL, **options)

    os.makedirs(state, exist_ok=True)
    os.makedirs(target, exist_ok=True)
    return _in_thread(work)
