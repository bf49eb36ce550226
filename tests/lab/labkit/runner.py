# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs scenarios in the guest: lanes, verdicts, and what is kept of each run."""

import concurrent.futures
import json
import os
import queue
import shutil
import threading
import time
import traceback

from . import base, expect, foreign, network, promise, trail, units, verify
from .auditlog import LOG, AuditLog
from .gateway import Gateway
from .libreswan import Libreswan
from .shell import LabError, run
from .steps import StepError, Steps

# lines that are printed of what is wrong with one run
SHOWN = 12
# where auditd has its log
AUDIT = "/run/lab-audit"


def claim(folder):
    """Makes a folder for results; False when another guest has."""
    try:
        os.mkdir(folder)
    except FileExistsError:
        return False
    return True


class Run:
    """One scenario with one IKE version, in one lane."""

    def __init__(self, scenario, version, results, announce):
        self._announce = announce
        self.scenario = scenario
        self.version = version
        self.name = f"{scenario.name}-ikev{version}"
        self.folder = os.path.join(results, self.name)
        self._gateways = {}
        self._snapshots = []

    def execute(self, lane, auditlog):
        """Runs it; returns what is wrong, as lines of text."""
        with open(f"{self.folder}/steps.log", "w", encoding="utf-8",
                  errors="surrogateescape") as journal:
            try:
                problems = self._play(lane, auditlog, journal)
            except Exception:  # pylint: disable=broad-except
                # whatever it was: this scenario has failed, the others go on
                problems = traceback.format_exc().splitlines()
            journal.write("\n".join(problems) + "\n")
        return problems

    def _play(self, lane, auditlog, journal):
        network.up(lane)
        self._gateways = {
            name: self._make(name)(name, lane, self.folder, self.scenario, self.version)
            for name in base.GATEWAYS}
        steps = Steps(self._gateways, auditlog, journal, self._announce)
        problems = []
        try:
            for gateway in self._gateways.values():
                gateway.watch()
            if self.scenario.starts:
                steps.start("both")
            steps.run(self.scenario, self.version)
            self._snapshot(auditlog)
        except (StepError, LabError) as error:
            problems.append(str(error))
        finally:
            steps.clean()
            problems += self._end()
        auditlog.sync()
        self._keep(auditlog)
        return problems + self._judge()

    def _make(self, name):
        """The class of a gateway."""
        other = name == "sun" and self.scenario.peer == "libreswan"
        return Libreswan if other else Gateway

    def _snapshot(self, auditlog):
        """Notes what charon and kernel hold, at a time when nothing changes."""
        pids = set().union(*(gateway.pids for gateway in self._gateways.values()))
        for _ in range(10):
            auditlog.sync()
            before, now = len(auditlog.lines(pids)), time.time()
            shot = {name: gateway.snapshot() for name, gateway in self._gateways.items()}
            auditlog.sync()
            if len(auditlog.lines(pids)) == before:
                self._snapshots.append(dict(shot, time=now))
                return
        raise LabError("the records did not come to rest for a snapshot")

    def _end(self):
        problems = []
        for gateway in self._gateways.values():
            try:
                if gateway.alive():
                    gateway.stop()
            except LabError as error:
                problems.append(str(error))
        for gateway in self._gateways.values():
            try:
                gateway.discard()
                gateway.unwatch()
            except LabError as error:
                problems.append(str(error))
        return problems

    def _keep(self, auditlog):
        pids = set().union(*(gateway.pids for gateway in self._gateways.values()))
        with open(f"{self.folder}/audit.log", "wb") as log:
            log.writelines(line + b"\n" for line in auditlog.lines(pids))
        for gateway in self._gateways.values():
            if gateway.writers - gateway.pids:
                with open(f"{gateway.results}/audit.log", "wb") as log:
                    log.writelines(line + b"\n" for line in auditlog.lines(gateway.writers))
        about = {"scenario": self.scenario.name, "version": self.version,
                 "lossy": self.scenario.lossy, "gateways": {
                     name: {"addresses": base.addresses(name), "runs": gateway.runs,
                            "backend": self.scenario.backend(name),
                            "thrown": self.scenario.throws(self.version)}
                     for name, gateway in self._gateways.items()},
                 "snapshots": self._snapshots}
        with open(f"{self.folder}/scenario.json", "w", encoding="utf-8") as file:
            json.dump(about, file, indent=1)

    def _judge(self):
        problems = promise.check(self.folder, ausearch=False)
        if self.scenario.kills(self.version):
            self._noted(promise.counts(self.folder))
        records = trail.read(f"{self.folder}/audit.log")
        if self.scenario.peer == "libreswan":
            problems += foreign.check(self.folder, base.addresses("sun"),
                                      self._gateways["sun"].killed)
            self._noted(foreign.note(self.folder))
        names = {}
        for name, gateway in self._gateways.items():
            lines = self.scenario.lines(self.version, "expect", name)
            found = sorted(trail.once(r for r in records if r.pid in gateway.pids),
                           key=lambda r: (int(r.number("instance")), r.number("rec-seq")))
            found = [record.fields for record in found]
            problems += [f"expect {name}: {text}"
                         for text in expect.Expected(lines).check(found, names)]
        if not self.scenario.lossy:
            problems += verify.check(f"{self.folder}/audit.log", self.scenario.findings)
        return problems

    def _noted(self, text):
        """Notes a figure that is to be printed."""
        with open(f"{self.folder}/note", "a", encoding="ascii") as note:
            note.write(f", {text}")

    def note(self):
        """A figure that a step wants to have printed."""
        try:
            with open(f"{self.folder}/note", encoding="ascii") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def pids(self):
        """All process ids that a daemon of this run had."""
        return set().union(*(gateway.writers for gateway in self._gateways.values()), set())


class Runner:
    """Runs scenarios in several lanes and prints a verdict on each.

    Several guests may share the work: who makes a run's folder first has it.
    """

    def __init__(self, results, guest, job):
        self._results = results
        self._own = os.path.join(results, f"guest{guest}")
        self._lanes = job["lanes"]
        self._follow = job["follow"]
        self._with_units = job["units"]
        self._lock = threading.Lock()
        self._pids = set()
        self._played = []
        self._auditlog = AuditLog()

    def start(self):
        """Starts auditd and readies the kernel."""
        os.makedirs(self._own, exist_ok=True)
        # as on any machine it is no file system of another one, which would be slow
        os.makedirs(AUDIT)
        # that it is there says that the guest is up
        with open(f"{self._own}/tap", "w", encoding="ascii"):
            pass
        self._auditlog.start(AUDIT)
        network.warm_up()

    def run(self, scenarios):
        """Runs all that no other guest has taken."""
        try:
            self._run(scenarios)
        finally:
            shutil.copytree(AUDIT, os.path.join(self._own, "audit"))

    def _run(self, scenarios):
        runs = [Run(scenario, version, self._results, self._announce)
                for scenario in scenarios for version in scenario.versions]
        lanes = queue.Queue()
        for lane in range(self._lanes):
            lanes.put(lane)
        shared = [run for run in runs if not run.scenario.exclusive]
        with concurrent.futures.ThreadPoolExecutor(self._lanes) as pool:
            tests = pool.submit(self._units)
            list(pool.map(lambda one: self._one(one, lanes), shared))
            tests.result()
        for one in runs:
            if one.scenario.exclusive:
                self._one(one, lanes)
        self._whole()

    def _one(self, one, lanes):
        lane = lanes.get()
        begun = time.monotonic()
        try:
            if not claim(one.folder):
                return
            problems = one.execute(lane, self._auditlog)
        finally:
            lanes.put(lane)
        self._pids |= one.pids()
        self._played.append(one.scenario)
        title = f"{one.scenario.name} ikev{one.version}"
        self._verdict(f"{title} ({time.monotonic() - begun:.1f} s{one.note()})", problems,
                      one.folder)

    def _units(self):
        """Runs the unit tests, unless another guest does."""
        folder = os.path.join(self._results, "units")
        if not self._with_units or not claim(folder):
            return
        verdicts = units.check(folder)
        self._print(f"1..{len(verdicts) - 1}")
        for title, problems in verdicts:
            self._verdict(title, problems, folder)

    def _whole(self):
        """What only the whole log of a guest can say."""
        self._auditlog.sync()
        strays = [line.decode(errors="replace")
                  for line in self._auditlog.strays(self._pids)]
        problems = [f"a record of no gateway: {line}" for line in strays]
        status = run(["auditctl", "-s"])[1]
        problems += [f"the kernel says: {line}" for line in status.splitlines()
                     if line.startswith("lost ") and line != "lost 0"]
        problems += trail.ausearch_faults(LOG, trail.read(LOG))
        problems += verify.check_whole(LOG, self._played)
        self._verdict("the guest's whole log: ausearch and libauparse agree, no stray "
                      "record, none lost by the kernel, qm-audit verify finds no more "
                      "than in its parts", problems, self._own)

    def _print(self, text):
        with self._lock, open(f"{self._own}/tap", "a", encoding="utf-8",
                              errors="surrogateescape") as tap:
            tap.write(text + "\n")

    def _announce(self, text):
        """Shows a step, or what it printed last, to who follows."""
        if self._follow and text.strip():
            self._print(f"#   {text}")

    def _verdict(self, title, problems, folder):
        lines = [f"{'not ok' if problems else 'ok'} - {title}"]
        lines += [f"#   {problem}" for problem in problems[:SHOWN]]
        if len(problems) > SHOWN:
            lines.append(f"#   and {len(problems) - SHOWN} more, see steps.log")
        if problems:
            lines.append(f"#   logs: @{os.path.relpath(folder, self._results)}")
        self._print("\n".join(lines))
