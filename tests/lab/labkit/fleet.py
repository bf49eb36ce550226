# SPDX-License-Identifier: GPL-2.0-or-later
"""A fleet: two guests forward their records to a third, by auditd's own means.

Each of them plays fleet.scn between its two gateways, and has its auditd run
audisp-remote, and laurel beside it. The third has an auditd that only collects. It is
away for a while in the middle, and judges what has come in the end.
"""

import json
import os
import re

from . import base, laurel, network, scenario, verify
from .auditlog import LOG, SETTINGS, AuditLog
from .gateway import Gateway
from .shell import LabError, patiently, read, run, wait_for, write
from .sink import Sink
from .steps import Steps

COLLECTOR = 0
NODES = ("gw1", "gw2")
MEETINGS = ("away", "back")
PORT = "60"
REMOTE = "/etc/audit/audisp-remote.conf"
SPOOL = "/var/spool/audit"
PATIENCE = 120
LINE = re.compile(rb"(?:node=(\S+) )?type=CRYPTO_IPSEC_SA ")


def _set(path, **settings):
    """Changes settings of a file as its package has brought it."""
    text = read(path)
    for key, value in settings.items():
        text, count = re.subn(rf"(?m)^#* *{key} =.*$", f"{key} = {value}", text)
        if count != 1:
            raise LabError(f"{path} has {count} lines for {key}")
    write(path, text)


def _network(interface, own):
    run(["ip", "link", "set", interface, "up"])
    run(["ip", "address", "add", f"{own}/24", "dev", interface])


def _events(*args):
    """Events as qm-audit shows them."""
    return [json.loads(line) for line in run(
        ["qm-audit", "events", "--format", "json", *args])[1].split("\n") if line]


class Meeting(Steps):
    """Steps that also have a word for meeting the others."""

    def __init__(self, folder, node, *args):
        super().__init__(*args)
        self._folder = folder
        self._node = node

    def _do_meet(self, name):
        """Waits until the collector has done something: be away, be back."""
        self._auditlog.sync()
        write(f"{self._folder}/{name}.{self._node}", "")
        wait_for(f"the collector to be {name}",
                 lambda: os.path.exists(f"{self._folder}/{name}"), PATIENCE)


class Host:
    """A host with two gateways that forwards its records."""

    def __init__(self, folder, number):
        self._folder = folder
        self._number = number
        self._node = NODES[number - 1]
        self._own = f"{folder}/{self._node}"
        self._auditlog = AuditLog()

    def play(self):
        """Does its part; returns what is wrong, as lines of text."""
        os.makedirs(f"{self._own}/audit")
        _network("eth0", f"10.9.{self._number}.2")
        _set(SETTINGS, name_format="user", name=self._node)
        _set(REMOTE, remote_server=f"10.9.{self._number}.1", port=PORT, mode="forward",
             network_retry_time="1", network_failure_action="warn_once_continue")
        _set("/etc/audit/plugins.d/au-remote.conf", active="yes")
        # audisp-remote does not make it, and stops without it
        os.makedirs(SPOOL, mode=0o700)
        laurel.configure()
        wait_for("the collector to listen", lambda: os.path.exists(f"{self._folder}/listens"),
                 PATIENCE)
        self._auditlog.start(f"{self._own}/audit")
        network.warm_up()
        self._play(scenario.Scenario("/lab/fleet.scn"))
        self._auditlog.sync()
        lines = self._auditlog.lines()
        with open(f"{self._own}/sent.log", "wb") as file:
            file.writelines(line + b"\n" for line in lines)
        problems = laurel.check(f"{self._own}/sent.log", self._own)
        write(f"{self._folder}/done.{self._node}", "")
        wait_for("the collector's verdict", lambda: os.path.exists(f"{self._folder}/verdict"),
                 2 * PATIENCE)
        return problems

    def _play(self, play):
        network.up(0)
        gateways = {name: Gateway(name, 0, self._own, play, 2) for name in base.GATEWAYS}
        with open(f"{self._own}/steps.log", "w", encoding="utf-8") as journal:
            steps = Meeting(self._folder, self._node, gateways, self._auditlog, journal, print)
            for gateway in gateways.values():
                gateway.watch()
            try:
                steps.run(play, 2)
            finally:
                steps.clean()
                for gateway in gateways.values():
                    gateway.unwatch()


class Collector:
    """The host that gets the records of the others, and has none of its own."""

    def __init__(self, folder):
        self._folder = folder
        self._sink = Sink(AuditLog())

    def play(self):
        """Does its part; returns what is wrong, as lines of text."""
        for number in range(len(NODES)):
            _network(f"eth{number}", f"10.9.{number + 1}.1")
        _set(SETTINGS, local_events="no", tcp_listen_port=PORT, max_log_file_action="IGNORE")
        os.makedirs(f"{self._folder}/collected")
        run(["mount", "--bind", f"{self._folder}/collected", os.path.dirname(LOG)])
        self._sink.start()
        self._wait_listening()
        write(f"{self._folder}/listens", "")
        for name, work in zip(MEETINGS, (self._sink.end, self._sink.start)):
            self._gather(name)
            work()
            write(f"{self._folder}/{name}", "")
        self._gather("done")
        problems = self._judge()
        write(f"{self._folder}/verdict", "\n".join(problems))
        return problems

    @staticmethod
    def _wait_listening():
        port = f":{int(PORT):04X}"
        wait_for("auditd to listen", lambda: any(
            line.split()[1].endswith(port) for path in ("tcp", "tcp6")
            for line in read(f"/proc/net/{path}").splitlines()[1:]))

    def _gather(self, name):
        for node in NODES:
            wait_for(f"{node} to come to '{name}'", lambda node=node: os.path.exists(
                f"{self._folder}/{name}.{node}"), 2 * PATIENCE)

    def _sent(self, node):
        with open(f"{self._folder}/{node}/sent.log", "rb") as file:
            return file.read().split(b"\n")[:-1]

    def _compare(self):
        """Whether what has come is what was sent."""
        with open(LOG, "rb") as file:
            came = [line for line in file.read().split(b"\n") if LINE.match(line)]
        for node in NODES:
            sent = self._sent(node)
            own = [line for line in came if LINE.match(line)[1] == node.encode()]
            missing = [line for line in sent if line not in own]
            strange = [line for line in own if line not in sent]
            for what, lines in (("is missing", missing), ("was never sent", strange)):
                if lines:
                    raise LabError(f"{len(lines)} of {len(sent)} records of {node}: {what}: "
                                   f"{lines[0].decode()}")

    def _judge(self):
        try:
            patiently(self._compare, PATIENCE)
        except LabError as error:
            return [str(error)]
        names, texts = verify.findings(LOG)
        problems = [f"qm-audit verify: {text}" for text in texts] if names else []
        for node in NODES:
            own = f"{self._folder}/{node}/sent.log"
            if _events("--node", node, LOG) != _events(own):
                problems.append(f"the events of {node} are not those of its own log")
            found = run(["ausearch", "-if", LOG, "-m", "CRYPTO_IPSEC_SA", "--node", node,
                         "--raw"], check=False)[1].split("\n")
            if sorted(set(found)) != sorted(set(read(own).split("\n"))):
                problems.append(f"ausearch finds {len(found)} records of {node}")
        return problems + self._spoil(NODES[1])

    def _spoil(self, node):
        """Whether verify finds whose record was taken out."""
        lines = self._sent(node)
        victim = lines[len(lines) // 2]
        path = f"{self._folder}/spoiled.log"
        with open(LOG, "rb") as log, open(path, "wb") as file:
            file.writelines(line for line in log if line.rstrip(b"\n") != victim)
        for other in NODES:
            names, texts = verify.findings(path, "--node", other)
            if ("hole" in names) != (other == node):
                return [f"{node} lacks a record, and qm-audit verify finds of {other}: "
                        f"{' '.join(texts) or 'nothing'}"]
        names, texts = verify.findings(path)
        if "hole" not in names or any(f'"node": "{node}"' not in text for text in texts):
            return [f"{node} lacks a record, and qm-audit verify finds: {' '.join(texts)}"]
        return []


def main(results, number):
    """Plays one of the hosts; its verdict goes where a runner's would."""
    folder = f"{results}/fleet"
    os.makedirs(folder, exist_ok=True)
    tap = f"{results}/guest{number}/tap"
    with open(tap, "w", encoding="ascii"):
        pass
    run(["modprobe", "virtio_net"])
    host = Collector(folder) if number == COLLECTOR else Host(folder, number)
    try:
        problems = host.play()
    except (LabError, OSError, ValueError, KeyError) as error:
        problems = [f"{type(error).__name__}: {error}"]
    title = ("a collector has the records of two hosts, each with its node, also of the time "
             "when it was away" if number == COLLECTOR
             else f"{NODES[number - 1]} forwards its records, and laurel has their fields right")
    with open(tap, "a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{'not ok' if problems else 'ok'} - fleet: {title}\n")
        file.write("".join(f"#   {problem}\n" for problem in problems))
