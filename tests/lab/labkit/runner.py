# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs scenarios in the guest: lanes, verdicts, and what is kept of each run."""

import concurrent.futures
import json
import os
import queue
import threading
import time
import traceback

from . import base, expect, network, promise, trail
from .auditlog import AuditLog
from .gateway import Gateway
from .shell import LabError, run
from .steps import StepError, Steps


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
        os.makedirs(self.folder)
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
        self._gateways = {name: Gateway(name, lane, self.folder, self.scenario, self.version)
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
                gateway.unwatch()
            except LabError as error:
                problems.append(str(error))
        return problems

    def _keep(self, auditlog):
        pids = set().union(*(gateway.pids for gateway in self._gateways.values()))
        with open(f"{self.folder}/audit.log", "wb") as log:
            log.writelines(line + b"\n" for line in auditlog.lines(pids))
        about = {"scenario": self.scenario.name, "version": self.version,
                 "gateways": {name: {"addresses": base.addresses(name), "runs": gateway.runs}
                              for name, gateway in self._gateways.items()},
                 "snapshots": self._snapshots}
        with open(f"{self.folder}/scenario.json", "w", encoding="utf-8") as file:
            json.dump(about, file, indent=1)

    def _judge(self):
        problems = promise.check(self.folder)
        records = trail.read(f"{self.folder}/audit.log")
        names = {}
        for name, gateway in self._gateways.items():
            lines = self.scenario.lines(self.version, "expect", name)
            found = [record.fields for record in records if record.pid in gateway.pids]
            problems += [f"expect {name}: {text}"
                         for text in expect.Expected(lines).check(found, names)]
        return problems

    def note(self):
        """A figure that a step wants to have printed."""
        try:
            with open(f"{self.folder}/note", encoding="ascii") as file:
                return f", {file.read()}"
        except FileNotFoundError:
            return ""

    def pids(self):
        """All process ids that a charon of this run had."""
        return set().union(*(gateway.pids for gateway in self._gateways.values()), set())


class Runner:
    """Runs scenarios in several lanes and prints a verdict on each."""

    def __init__(self, results, lanes, follow):
        self._results = results
        self._lanes = lanes
        self._follow = follow
        self._lock = threading.Lock()
        self._verdicts = []
        self._pids = set()
        self._auditlog = AuditLog()

    def start(self):
        """Starts auditd and readies the kernel."""
        folder = os.path.join(self._results, "audit")
        os.makedirs(folder)
        self._auditlog.start(folder)
        network.warm_up()

    def run(self, scenarios):
        """Runs all; returns whether all is well."""
        runs = [Run(scenario, version, self._results, self._announce)
                for scenario in scenarios for version in scenario.versions]
        self._print(f"1..{len(runs) + 1}")
        shared = [run for run in runs if not run.scenario.exclusive]
        alone = [run for run in runs if run.scenario.exclusive]
        lanes = queue.Queue()
        for lane in range(self._lanes):
            lanes.put(lane)
        with concurrent.futures.ThreadPoolExecutor(self._lanes) as pool:
            list(pool.map(lambda one: self._one(one, lanes), shared))
        for one in alone:
            self._one(one, lanes)
        self._whole()
        return all(self._verdicts)

    def _one(self, one, lanes):
        lane = lanes.get()
        begun = time.monotonic()
        try:
            problems = one.execute(lane, self._auditlog)
        finally:
            lanes.put(lane)
        title = f"{one.scenario.name} ikev{one.version}"
        self._pids |= one.pids()
        self._verdict(f"{title} ({time.monotonic() - begun:.1f} s{one.note()})", problems,
                      one.name)

    def _whole(self):
        """What only the whole log can say."""
        strays = [line.decode(errors="replace")
                  for line in self._auditlog.strays(self._pids)]
        problems = [f"a record of no gateway: {line}" for line in strays]
        status = run(["auditctl", "-s"])[1]
        problems += [f"the kernel says: {line}" for line in status.splitlines()
                     if line.startswith("lost ") and line != "lost 0"]
        self._verdict("no record is a stray, none was lost by the kernel", problems, "audit")

    def _print(self, text):
        with self._lock, open(f"{self._results}/tap", "a", encoding="utf-8",
                              errors="surrogateescape") as tap:
            tap.write(text + "\n")

    def _announce(self, text):
        """Shows a step, or what it printed last, to who follows."""
        if self._follow and text.strip():
            self._print(f"#   {text}")

    def _verdict(self, title, problems, folder):
        with self._lock:
            self._verdicts.append(not problems)
            number = len(self._verdicts)
        lines = [f"{'not ok' if problems else 'ok'} {number} - {title}"]
        lines += [f"#   {problem}" for problem in problems]
        if problems:
            lines.append(f"#   logs: @RESULTS@/{folder}")
        self._print("\n".join(lines))
