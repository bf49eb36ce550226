# SPDX-License-Identifier: GPL-2.0-or-later
"""Power loss: a guest that is switched off in the middle, and booted again.

State directories and auditd's log are on a disk of their own. The host kills the
machine while tunnels come and go; what the guest has seen in auditd's log until then
is on the host already. In the last boot all comes to an end, and is judged.
"""

import json
import os
import random
import re
import threading
import time

from . import base, driver, network, promise, scenario, trail
from .auditlog import LOG, AuditLog
from .gateway import Gateway
from .shell import LabError, read, run, wait_for

DISK = "/mnt"
GRACE = 16
WINDOW = 0.3
# records that the guest must have seen before it is switched off
ENOUGH = 40
# each boot numbers its processes alike, they must not be taken for each other
PIDS = 5000


class Power:
    """One boot of the guest."""

    def __init__(self, folder, job):
        self._folder = folder
        self._boot = job["boot"]
        self._last = job["boot"] == job["losses"]
        self._random = random.Random(job["seed"] + job["boot"])
        self._auditlog = AuditLog()
        play = scenario.Scenario("/lab/power-loss.scn")
        network.up(0)
        self._gateways = {name: Gateway(name, 0, folder, play, 2) for name in base.GATEWAYS}
        self._driver = driver.Driver(self._gateways, self._random)
        self._about = self._earlier(job)

    def _earlier(self, job):
        """What is known of the boots before, which the host has switched off."""
        text = read(f"{self._folder}/scenario.json")
        about = json.loads(text) if text else {
            "scenario": "power-loss", "version": 2, "snapshots": [], "gateways": {
                name: {"addresses": base.addresses(name), "runs": [], "dark": True}
                for name in base.GATEWAYS}}
        for name, gateway in self._gateways.items():
            gateway.runs = about["gateways"][name]["runs"]
            for entry in gateway.runs:
                if entry["end"] == "running":
                    entry.update(end="kill", ended=job["lost"][-1])
        return about

    def play(self):
        """Does this boot's part; returns what is wrong, as lines of text, in the last."""
        self._mount()
        for gateway in self._gateways.values():
            gateway.state = f"{DISK}/{gateway.name}"
            gateway.watch()
            gateway.start()
        for gateway in self._gateways.values():
            wait_for(f"{gateway.name}'s charon to listen", gateway.listens)
            self._driver.load(gateway)
        self._write_about()
        threading.Thread(target=self._follow, daemon=True).start()
        if not self._last:
            self._until_dark()
        return self._finish()

    def _mount(self):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
            file.write(str((self._boot + 1) * PIDS))
        run(["modprobe", "-a", "virtio_blk", "ext4"])
        run(["mount", "/dev/vda", DISK])
        os.makedirs(f"{DISK}/audit", exist_ok=True)
        self._auditlog.start(f"{DISK}/audit")
        network.warm_up()

    def _write_about(self):
        for name, gateway in self._gateways.items():
            self._about["gateways"][name]["runs"] = gateway.runs
        with open(f"{self._folder}/scenario.json", "w", encoding="utf-8") as file:
            json.dump(self._about, file, indent=1)

    def _follow(self):
        """Tells the host of each record that stands in auditd's log."""
        count = 0
        with open(f"{self._folder}/seen.log", "ab", buffering=0) as seen:
            while True:
                lines = self._auditlog.lines()
                seen.write(b"".join(line + b"\n" for line in lines[count:]))
                count = len(lines)
                time.sleep(0.01)

    def _until_dark(self):
        """Makes tunnels come and go until the power is lost."""
        ready = f"{self._folder}/ready{self._boot}"
        while True:
            try:
                self._driver.begin()
            except OSError as error:
                print(error)
            time.sleep(self._random.uniform(0, WINDOW))
            if len(self._auditlog.lines()) > ENOUGH and not os.path.exists(ready):
                # the host learns by how much the clocks differ
                with open(ready, "w", encoding="ascii") as file:
                    file.write(str(time.time()))

    def _finish(self):
        """Has all end, and judges it."""
        self._driver.begin((("rekey", 1),))
        time.sleep(GRACE)
        self._driver.close()
        for gateway in self._gateways.values():
            gateway.stop()
            gateway.unwatch()
        self._auditlog.sync()
        self._write_about()
        with open(LOG, "rb") as log, open(f"{self._folder}/audit.log", "wb") as copy:
            copy.write(b"".join(line for line in log.readlines()
                                if line.startswith(b"type=CRYPTO_IPSEC_SA ")))
        problems = promise.check(self._folder, ausearch=False)
        return problems + missing(self._folder) + died(self._folder)


def missing(folder):
    """Records that were seen before a power loss, and are nowhere."""
    there = _bodies(f"{folder}/audit.log")
    return [f"seen before the power was lost, and nowhere after it: {body}"
            for body in sorted(_bodies(f"{folder}/seen.log") - there)]


def _bodies(path):
    return {match.group(1) for match in re.finditer(
        r"^type=CRYPTO_IPSEC_SA .*?msg='(op=.*? rec-seq=\d+) ", read(path), re.MULTILINE)}


def died(folder):
    """Whether pairs that were open are told of as they must be."""
    records = trail.once(trail.read(f"{folder}/audit.log"))
    ends = [record for record in records if record.fields.get("reason") == "daemon-died"]
    begun = [record.fields["last-run"] for record in records if record.op == "audit-start"]
    problems = []
    if not ends:
        problems.append("no 5452 has reason=daemon-died")
    if set(begun) != {"none", "rebooted"}:
        problems.append(f"last-run= is {' '.join(begun)}")
    return problems


def main(results, number, job):
    """Plays one boot; its verdict goes where a runner's would."""
    own = f"{results}/guest{number}"
    folder = f"{results}/power-loss"
    os.makedirs(folder, exist_ok=True)
    with open(f"{own}/tap", "w", encoding="ascii"):
        pass
    try:
        problems = Power(folder, job).play()
    except (LabError, OSError) as error:
        problems = [str(error)]
    seen = len(_bodies(f"{folder}/seen.log"))
    with open(f"{own}/tap", "a", encoding="utf-8", errors="surrogateescape") as tap:
        tap.write(f"{'not ok' if problems else 'ok'} - power lost {job['losses']} times "
                  f"({seen} records seen before, {promise.counts(folder)})\n")
        tap.write("".join(f"#   {problem}\n" for problem in problems))
