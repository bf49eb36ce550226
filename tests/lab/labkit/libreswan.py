# SPDX-License-Identifier: GPL-2.0-or-later
"""sun as a gateway of another make: Debian's libreswan, in a root of its own."""

import os
import re
import signal
import subprocess
import threading

from . import base, network
from .gateway import STATE, Gateway
from .namespace import start_daemon
from .shell import LabError, read, run, wait_for, write

# where all have the packages, unpacked and unchanged
PACKAGES = "/opt/libreswan"
TOOLS = "/usr/libexec/ipsec"
PLUTO = f"{TOOLS}/pluto"
CONN = "net"
ADDED = re.compile(rf'"{CONN}(?:/1x1)?": added IKE')
LISTENS = re.compile(r"listening for IKE messages")

_LOCK = threading.Lock()


def _packages():
    """Mounts what the host shares, once."""
    with _LOCK:
        if not os.path.ismount(PACKAGES):
            os.makedirs(PACKAGES, exist_ok=True)
            run(["mount", "-t", "9p", "-o",
                 "trans=virtio,version=9p2000.L,msize=262144,ro,cache=loose",
                 "libreswan", PACKAGES])


def _conn(version):
    """Its one connection, as (key, value)."""
    own, other = (base.ADDRESSES[name]["outer"][0] for name in ("sun", "moon"))
    return [
        ("left", own), ("leftid", "@sun.example.org"), ("leftsubnet", base.network("sun")),
        ("right", other), ("rightid", "@moon.example.org"),
        ("rightsubnet", base.network("moon")),
        ("authby", "secret"), ("ikev2", {1: "no", 2: "insist"}[version]),
        ("ike", "aes128-sha2_256;modp2048"), ("esp", "aes128-sha2_256;modp2048"),
        # routes are below: its script would need seconds for them here
        ("leftupdown", "%disabled"), ("auto", "add"),
    ]


class Libreswan(Gateway):
    """A gateway whose pluto writes records of its own. They are no records of ours:
    pids has none, what is expected and promised holds for moon alone."""

    def __init__(self, name, lane, results, scenario, version):
        super().__init__(name, lane, results, scenario, version)
        self._conn = [_conn(version), scenario.settings(version, "libreswan", name)]
        self._folder = f"/tmp/libreswan/{self.ns}"
        self._root = f"{self._folder}/root"
        self._pluto = None
        self._killed = False
        self._writers = set()
        self._prepare()

    def _prepare(self):
        """Makes a root that it may write to, and that has what a daemon expects."""
        _packages()
        self.discard()
        for name in ("upper", "work", "root"):
            os.makedirs(f"{self._folder}/{name}")
        run(["mount", "-t", "overlay", "-o", f"lowerdir={PACKAGES},upperdir={self._folder}"
             f"/upper,workdir={self._folder}/work", "overlay", self._root])
        run(["mount", "-t", "proc", "proc", f"{self._root}/proc"])
        run(["mount", "--bind", "/dev", f"{self._root}/dev"])
        run(["mount", "--bind", "/sys", f"{self._root}/sys"])

    def discard(self):
        """Removes its root, if it is there."""
        if os.path.ismount(self._root):
            run(["umount", "-R", self._root])
        # never into what is still mounted
        run(["rm", "-rf", "--one-file-system", self._folder])

    @property
    def log(self):
        """pluto's log."""
        return f"{self.results}/pluto.log"

    @property
    def writers(self):
        """Process ids that pluto had: those of its audit records."""
        return self._writers

    @property
    def killed(self):
        """Whether it was killed: it tells of no end then."""
        return self._killed

    def setting(self, kind, key, value):
        """Changes a setting of its connection; it counts after load()."""
        if kind != "libreswan":
            raise LabError(f"{self.name} is libreswan, it has no {kind}.conf")
        self._conn.append([(key, value)])

    def write(self):
        """Writes ipsec.conf and ipsec.secrets."""
        values = {}
        for layer in self._conn:
            values.update(layer)
        conn = "".join(f"\t{key}={value}\n" for key, value in values.items()
                       if value is not None)
        text = ("config setup\n\taudit-log=yes\n\tdnssec-enable=no\n"
                "\tikev1-policy=accept\n"
                f"\nconn {CONN}\n{conn}")
        write(f"{self.results}/ipsec.conf", text)
        write(f"{self._root}/etc/ipsec.conf", text)
        write(f"{self._root}/etc/ipsec.secrets", f': PSK "{base.SECRET}"\n')

    # --- pluto --------------------------------------------------------------

    def start(self):
        """Starts pluto; call ready() next."""
        if self._pluto:
            raise LabError(f"{self.name}: pluto is running already")
        self.write()
        with open(self.log, "ab") as out:
            self._pluto = start_daemon(
                self.ns, self.state, STATE,
                ["chroot", self._root, PLUTO, "--nofork", "--stderrlog", "--config",
                 "/etc/ipsec.conf"], stdout=out, stderr=subprocess.STDOUT)
        self._writers.add(self._pluto.pid)
        network.run_in(self.ns, "ip", "route", "replace", base.network("moon"), "via",
                       base.ADDRESSES["moon"]["outer"][0])

    def ready(self):
        """Waits until pluto listens and has its connection, as often as it was started."""
        for pattern in (LISTENS, ADDED):
            wait_for(f"{self.name}'s pluto to say '{pattern.pattern}'",
                     lambda p=pattern: self.alive() and
                     self.log_count(p) >= len(self._writers))

    def load(self):
        """Has pluto read its connection again, which ends what it had of it."""
        self.write()
        before = self.log_count(ADDED)
        status, output = self.command(f"whack --delete --name {CONN} && "
                                      f"addconn --config /etc/ipsec.conf {CONN}")
        if status:
            raise LabError(f"{self.name}: addconn: exit {status}: {output}")
        wait_for(f"{self.name}'s pluto to add {CONN}",
                 lambda: self.alive() and self.log_count(ADDED) > before)

    def _gone(self):
        pluto, self._pluto = self._pluto, None
        try:
            pluto.wait(timeout=60)
        except subprocess.TimeoutExpired as late:
            pluto.kill()
            pluto.wait()
            raise LabError(f"{self.name}: pluto did not end within 60 s") from late
        finally:
            # as its unit does when it has ended, whatever the way
            for what in ("policy", "state"):
                network.run_in(self.ns, "ip", "xfrm", what, "flush")

    def stop(self):
        """Ends pluto by its own command, and waits for it."""
        self.command("whack --shutdown")
        self._gone()

    def kill(self):
        """Kills pluto."""
        self._killed = True
        self._pluto.send_signal(signal.SIGKILL)
        self._gone()

    def pause(self, paused):
        """Has pluto stand still, or go on."""
        os.kill(self._pluto.pid, signal.SIGSTOP if paused else signal.SIGCONT)

    def alive(self):
        """Whether pluto is to be running; raises when it ended by itself."""
        if self._pluto and self._pluto.poll() is not None:
            status, self._pluto = self._pluto.returncode, None
            tail = " / ".join(read(self.log).splitlines()[-5:])
            raise LabError(f"{self.name}: pluto ended by itself, exit {status}: {tail}")
        return self._pluto is not None

    def command(self, text, timeout=120):
        """Runs a command in its root; (status, output)."""
        return network.run_in(
            self.ns, "chroot", self._root, "sh", "-c", text, check=False, timeout=timeout,
            env={"PATH": f"{TOOLS}:/usr/sbin:/usr/bin:/sbin:/bin"})

    def background(self, text):
        """Not needed so far."""
        raise LabError(f"{self.name} is libreswan: no commands in the background")

    def snapshot(self):
        """What its kernel holds now."""
        return {"list-sas": "", "sas": [], "xfrm": self.command("ip -s xfrm state")[1]}
