# SPDX-License-Identifier: GPL-2.0-or-later
"""Running programs, and waiting for what they do."""

import errno
import os
import subprocess
import time


class LabError(Exception):
    """Something in the lab did not work; the text says what."""


def run(args, check=True, timeout=120, env=None, stdin=None):
    """Runs a program to its end; returns its status and what it printed."""
    try:
        done = subprocess.run(
            args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, input=stdin,
            timeout=timeout, check=False, text=True, errors="replace", env=env)
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{' '.join(args)}: still running after {timeout} s") from late
    if check and done.returncode:
        raise LabError(f"{' '.join(args)}: exit {done.returncode}: {done.stdout.strip()}")
    return done.returncode, done.stdout


SPECIAL = set("|&;<>()$`\\\"'*?[]{}!~#\n")


def command_line(text):
    """What runs a command: a shell only where it takes one, for it costs time."""
    words = text.split()
    if SPECIAL & set(text) or "=" in words[0]:
        return ["sh", "-c", text]
    return words


def wait_for(what, condition, timeout=90, interval=0.05):
    """Calls condition until it gives something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise LabError(f"waited {timeout} s in vain for {what}")
        time.sleep(interval)


def patiently(action, timeout, interval=0.2):
    """Calls action until it raises no error any more, and returns what it gives; raises
    its last error when that takes too long."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return action()
        except (LabError, ValueError):
            if time.monotonic() > deadline:
                raise
        time.sleep(interval)


def tail(path, offset=0):
    """What a file that may be growing has from an offset on.

    A newer kernel's 9p sometimes says ENODATA where that is next to nothing yet.
    """
    for _ in range(50):
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                return file.read()
        except OSError as error:
            if error.errno != errno.ENODATA:
                raise
        time.sleep(0.02)
    raise LabError(f"{path} cannot be read: there is no data, says the kernel")


def read(path):
    """The text of a file, empty where there is none."""
    try:
        return tail(path).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def write(path, text):
    """Makes a file of a text, with the folders that it needs."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
