# SPDX-License-Identifier: GPL-2.0-or-later
"""One gateway: its files, its charon, and the kernel's word on its SAs."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time

from . import base, conf, network, vici
from .namespace import inside, start_daemon
from .shell import LabError, command_line, read, run, wait_for, write

STATE = "/var/lib/qm-audit"
OTHER = "/other/root"


class Gateway:
    """moon or sun, in one lane, for one run of a scenario."""

    def __init__(self, name, lane, results, scenario, version):
        self.name = name
        self.ns = network.namespace(lane, name)
        self.results = os.path.join(results, name)
        self.private = f"/tmp/lab/{self.ns}"
        # what its charon has as its state directory
        self.state = f"{self.private}/state"
        self.daemon = scenario.daemons[name]
        # that of another suite, where the guest has one
        self.root = OTHER if name == "sun" and os.path.isdir(OTHER) else ""
        # without a charon: the steps say what it sends
        self.crafted = scenario.crafted and name == "sun"
        # shell commands that change charon's mounts, and a program that runs charon
        self.before = ""
        self.under = ""
        # charon is not able to write records
        self.mute = False
        self.runs = []
        self._charon = None
        self._monitor = None
        self._moves = None
        self._output = None
        self._layers = {
            "swanctl": [base.swanctl(name, version),
                        base.FOREIGN if scenario.peer == "libreswan" else [],
                        scenario.settings(version, "swanctl", name)],
            "strongswan": [base.strongswan(self.socket, self.status, self.log),
                           base.LIBIPSEC if scenario.backend(name) else [],
                           scenario.settings(version, "strongswan", name)],
        }
        if scenario.backend(name):
            run(["modprobe", "tun"])
        shutil.rmtree(self.private, ignore_errors=True)
        os.makedirs(self.private)
        # after a power loss it is there
        os.makedirs(self.results, exist_ok=True)

    @property
    def socket(self):
        """charon's vici socket."""
        return f"{self.private}/vici"

    @property
    def status(self):
        """The plugin's status socket, in a folder that it makes."""
        return f"{self.private}/qm-audit/status.sock"

    @property
    def log(self):
        """charon's log."""
        return f"{self.results}/charon.log"

    @property
    def env(self):
        """Environment of all that belongs to this gateway."""
        return dict(os.environ, STRONGSWAN_CONF=f"{self.results}/strongswan.conf",
                    VICI=self.socket, STATUS=self.status)

    def setting(self, kind, key, value):
        """Changes one setting; it counts after write() and a reload."""
        self._layers[kind].append([(key, value)])

    def layers(self, kind):
        """All settings of swanctl.conf or strongswan.conf, one layer over the other."""
        return self._layers[kind]

    def write(self):
        """Writes swanctl.conf and strongswan.conf."""
        text = conf.render(conf.build(*self._layers["swanctl"]))
        write(f"{self.results}/swanctl.conf", text)
        text = conf.render(conf.build(*self._layers["strongswan"]))
        # the packages' snippets come first, as on any Debian machine
        text = ("charon {\n\tplugins {\n\t\tinclude /etc/strongswan.d/charon/*.conf\n\t}\n}\n"
                "include /etc/strongswan.d/*.conf\n" + text)
        write(f"{self.results}/strongswan.conf", text)

    def policy(self):
        """The audit policy that the settings ask for, as the records name it."""
        if self.mute:
            return "mute"
        tree = conf.build(*self._layers["strongswan"])
        if conf.lookup(tree, "charon.plugins.qm-audit.load") == "no":
            return "not-loaded"
        values = [conf.lookup(tree, f"charon.plugins.qm-audit.{key}")
                  for key in ("success", "failure")]
        if not set(values) & {"yes", "no"}:
            return "not-configured"
        yes = tuple(value == "yes" for value in values)
        return {(True, True): "success-and-failure", (True, False): "success",
                (False, True): "failure", (False, False): "no-auditing"}[yes]

    def policy_changed(self):
        """Notes that another policy is in force from now on."""
        self.runs[-1]["policy"].append([time.time(), self.policy()])

    def policy_edited(self):
        """Notes the policy that somebody else has written into strongswan.conf."""
        text = read(f"{self.results}/strongswan.conf")
        tree = conf.build(*self._layers["strongswan"])
        for key in ("success", "failure"):
            name = f"charon.plugins.qm-audit.{key}"
            values = re.findall(rf"^\s*{key} = (\w+)$", text, re.MULTILINE)
            if values:
                self.setting("strongswan", name, values[-1])
            elif conf.lookup(tree, name):
                self.setting("strongswan", name, None)
        self.policy_changed()

    # --- the kernel's word -------------------------------------------------

    def watch(self):
        """Begins to record what the kernel says of this namespace's SAs."""
        self._output = open(f"{self.results}/xfrm-monitor.log", "ab")
        with inside(self.ns):
            self._moves = network.listen_for_moves()
            self._monitor = subprocess.Popen(
                ["ip", "-s", "-ts", "xfrm", "monitor"], stdout=self._output,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        network.monitor_ready(self._monitor.pid)

    def unwatch(self):
        """Ends watch(), with nothing lost."""
        if not self._monitor:
            return
        if self._monitor.poll() is not None:
            raise LabError(f"{self.name}: ip xfrm monitor has ended by itself")
        network.monitor_drained(self._monitor.pid)
        self._monitor.terminate()
        self._monitor.wait()
        self._monitor = None
        self._output.close()
        with self._moves, open(f"{self.results}/xfrm-moved.log", "a",
                               encoding="ascii") as log:
            log.write(network.moves(self._moves))

    def discard(self):
        """Removes what only this kind of gateway needs."""

    # --- charon ------------------------------------------------------------

    def start(self):
        """Starts charon; call ready() next."""
        if self.crafted:
            raise LabError(f"{self.name} is crafted, it has no charon to start")
        if self._charon:
            raise LabError(f"{self.name}: charon is running already")
        self.write()
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        with open(f"{self.results}/charon.out", "ab") as out:
            self._charon = start_daemon(
                self.ns, self.state, STATE, self._command_line(), root=self.root,
                env=self.env, stdout=out, stderr=subprocess.STDOUT)
        self.runs.append({"pid": self._charon.pid, "daemon": self.daemon,
                          "started": time.time(), "end": "running",
                          "policy": [[time.time(), self.policy()]]})

    def _command_line(self):
        """What starts charon, in the end by exec: its process id is to stay."""
        daemon = base.DAEMONS[self.daemon]
        if not self.before and not self.under:
            return [daemon]
        return ["sh", "-c", f"{self.before or ':'} && exec {self.under} {daemon}"]

    def ready(self):
        """Waits for charon and gives it its configuration."""
        wait_for(f"{self.name}'s charon to listen on {self.socket}", self.listens)
        self.load()

    def listens(self):
        """Whether charon takes commands; raises when it has ended."""
        if self._charon.poll() is not None:
            tail = "\n".join(read(self.log).splitlines()[-5:])
            raise LabError(f"{self.name}: {self.daemon} ended at once, exit "
                           f"{self._charon.returncode}, its log says: {tail}")
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(self.socket) == 0

    def load(self):
        """Loads swanctl.conf."""
        self.write()
        status, output = self.command(
            f"swanctl --load-all --noprompt --file {self.results}/swanctl.conf")
        if status:
            raise LabError(f"{self.name}: swanctl --load-all: exit {status}: {output}")

    def _ended(self, how, sent):
        try:
            self._charon.send_signal(sent)
            status = self._charon.wait(timeout=60)
        except subprocess.TimeoutExpired as late:
            self._charon.kill()
            self._charon.wait()
            raise LabError(f"{self.name}: charon did not end within 60 s") from late
        finally:
            self.runs[-1].update(end=how, ended=time.time())
            self._charon = None
        if how == "term" and status:
            raise LabError(f"{self.name}: charon's exit status is {status}")

    def stop(self):
        """Ends charon with SIGTERM and waits for it."""
        self._ended("term", signal.SIGTERM)

    def kill(self):
        """Kills charon."""
        self._ended("kill", signal.SIGKILL)

    def pause(self, paused):
        """Has charon stand still, or go on."""
        os.kill(self._charon.pid, signal.SIGSTOP if paused else signal.SIGCONT)

    def lose_socket(self, how, command):
        """Takes the mirror's socket from charon, and runs a command while it stands still."""
        tool = os.path.join(os.path.dirname(os.path.realpath(__file__)), "tamper.py")
        with inside(self.ns):
            return run([tool, str(self._charon.pid), how, command], env=self.env)[1]

    def alive(self):
        """Whether charon is to be running; raises when it died by itself."""
        if self._charon and self._charon.poll() is not None:
            status = self._charon.returncode
            self.runs[-1].update(end="died", ended=time.time())
            self._charon = None
            raise LabError(f"{self.name}: charon died by itself, exit {status}")
        return self._charon is not None

    @property
    def pids(self):
        """Process ids that charon had."""
        return {entry["pid"] for entry in self.runs}

    @property
    def writers(self):
        """Process ids of all that wrote records here."""
        return self.pids

    # --- commands ----------------------------------------------------------

    def command(self, text, timeout=120):
        """Runs a command in the namespace; (status, output)."""
        with inside(self.ns):
            return run(command_line(text), check=False, timeout=timeout, env=self.env)

    def background(self, text):
        """Starts a command in the namespace."""
        with inside(self.ns):
            return subprocess.Popen(
                command_line(text), env=self.env, text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def log_count(self, pattern):
        """How many lines of charon's log match a compiled pattern."""
        return sum(1 for line in read(self.log).splitlines() if pattern.search(line))

    def snapshot(self):
        """What charon and the kernel hold now: list-sas and xfrm state."""
        up = self.alive()
        return {"list-sas": self.command("swanctl --list-sas --raw")[1] if up else "",
                "sas": vici.sas(self.socket) if up else [],
                "xfrm": self.command("ip -s xfrm state")[1]}
