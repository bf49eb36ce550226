# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of a scenario: one method for each word of its language."""

import re
import subprocess
import os
import time

from . import expect, network, sink, stream, trail
from .auditlog import LOG
from .crash import Crash
from .ike.words import parse_flood
from .shell import LabError, patiently, wait_for

COMMAND = re.compile(r"(moon|sun|both)([!?&]?): *(.*)$")
PATIENCE = 120

class StepError(Exception):
    """A step that failed; the text names file, line and what happened."""


class Steps:
    """Runs the steps of one scenario on its gateways."""

    def __init__(self, gateways, auditlog, journal, announce):
        self._gateways = gateways
        self._auditlog = auditlog
        self._journal = journal
        self._announce = announce
        self._jobs = []
        self._times = {}
        self._sink = sink.Sink(auditlog)
        self._streaming = False
        self._version = None
        self._peer = None

    def run(self, scenario, version):
        """Runs all steps, then waits for the commands in the background."""
        self._version = version
        for number, line in scenario.lines(version, "steps"):
            self._say(f"step: {line}")
            self._announce(line)
            try:
                self._one(line)
                for gateway in self._gateways.values():
                    gateway.alive()
            except (LabError, OSError, ValueError, KeyError) as error:
                raise StepError(f"{scenario.name}.scn:{number}: {line}: {error}") from error
        self._finish_jobs(scenario)

    def clean(self):
        """Undoes what a broken scenario may have left for others."""
        self._sink.restore()
        if self._streaming:
            self._do_stream("off")
        if self._peer:
            self._peer.close()
        for job, _ in self._jobs:
            if job.poll() is None:
                job.kill()
                job.wait()

    def _say(self, text):
        self._journal.write(f"{time.strftime('%T')} {text}\n")
        self._journal.flush()

    def _note(self, text):
        """Notes what is printed with the verdict."""
        with open(f"{os.path.dirname(self._journal.name)}/note", "a", encoding="ascii") as note:
            note.write(f", {text}")

    def _one(self, line):
        command = COMMAND.match(line)
        if command:
            return self._command(*command.groups())
        word, *args = line.split()
        method = getattr(self, f"_do_{word.replace('-', '_')}", None)
        if not method:
            raise LabError(f"no such step: {word}")
        return method(*args)

    def _each(self, who):
        if who == "both":
            return [one for one in self._gateways.values() if not one.crafted]
        return [self._gateways[who]]

    def _command(self, who, flag, text):
        for gateway in self._each(who):
            if flag == "&":
                self._jobs.append((gateway.background(text), f"{gateway.name}: {text}"))
                continue
            status, output = gateway.command(text)
            self._say(f"{gateway.name}: exit {status}\n{output.rstrip()}")
            self._announce("".join(f"    {line}" for line in output.splitlines()[-1:]))
            if (status != 0) == (flag != "!") and flag != "?":
                wanted = "failure" if flag == "!" else "success"
                tail = " / ".join(output.strip().splitlines()[-3:])
                raise LabError(f"{gateway.name}: exit {status}, wanted {wanted}: {tail}")

    def _finish_jobs(self, scenario):
        for job, text in self._jobs:
            try:
                output, _ = job.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired as late:
                raise StepError(f"{scenario.name}: still running: {text}") from late
            self._say(f"{text}: exit {job.returncode}\n{output.rstrip()}")

    # --- the words ---------------------------------------------------------

    def start(self, who):
        """Starts charons, at the same time where there are two."""
        for gateway in self._each(who):
            gateway.start()
        for gateway in self._each(who):
            gateway.ready()

    def _do_start(self, who):
        self.start(who)

    def _do_before(self, who, *command):
        """Has charon's start run a command first, with mounts of its own."""
        for gateway in self._each(who):
            gateway.before = " ".join(command)

    def _do_under(self, who, *command):
        """Has charon run by a program that changes what it may do."""
        for gateway in self._each(who):
            gateway.under = " ".join(command)

    def _do_mute(self, who):
        """From the next start on a gateway cannot write records."""
        for gateway in self._each(who):
            gateway.mute = True

    def _do_stop(self, who):
        for gateway in self._each(who):
            gateway.stop()

    def _do_kill(self, who):
        for gateway in self._each(who):
            gateway.kill()

    def _do_pause(self, who):
        for gateway in self._each(who):
            gateway.pause(True)

    def _do_resume(self, who):
        for gateway in self._each(who):
            gateway.pause(False)

    def _do_lose_socket(self, who, how, *command):
        for gateway in self._each(who):
            self._say(gateway.lose_socket(how, " ".join(command)).rstrip())

    def _do_load(self, who):
        for gateway in self._each(who):
            gateway.load()

    def _do_set(self, who, kind, key, _equals, *value):
        for gateway in self._each(who):
            gateway.setting(kind, key, " ".join(value))
            gateway.write()

    def _do_unset(self, who, kind, key):
        for gateway in self._each(who):
            gateway.setting(kind, key, None)
            gateway.write()

    def _do_reload_settings(self, who):
        for gateway in self._each(who):
            status, output = gateway.command("swanctl --reload-settings")
            if status:
                raise LabError(f"{gateway.name}: exit {status}: {output.strip()}")
            gateway.policy_changed()

    def _do_policy(self, who, *args):
        """Has qm-audit policy change the settings of a gateway, and charon take them."""
        for gateway in self._each(who):
            status, output = gateway.command(
                f"qm-audit policy {' '.join(args)} --file $STRONGSWAN_CONF")
            self._say(f"{gateway.name}: exit {status}\n{output.rstrip()}")
            if status:
                raise LabError(f"{gateway.name}: exit {status}: {output.strip()}")
            gateway.policy_edited()

    def _do_wait(self, who, count, *constraints):
        """Waits until a gateway has written that many matching records."""
        wanted = expect.parse_constraints(constraints)
        for gateway in self._each(who):
            wait_for(f"{count} record(s) of {gateway.name} with {' '.join(constraints)}",
                     lambda g=gateway: self._written(g, wanted) >= int(count), PATIENCE)

    def _written(self, gateway, wanted):
        return sum(1 for text in self._auditlog.records(gateway.pids)
                   if expect.matches(expect.fields(text), wanted, {}))

    def _do_log(self, who, count, *pattern):
        """Waits until charon's log has that many lines with a pattern."""
        compiled = re.compile(" ".join(pattern))
        for gateway in self._each(who):
            wait_for(f"{count} line(s) '{compiled.pattern}' in {gateway.name}'s log",
                     lambda g=gateway: g.log_count(compiled) >= int(count), PATIENCE)

    def _do_nolog(self, who, *pattern):
        """Fails when charon's log has a line with a pattern."""
        compiled = re.compile(" ".join(pattern))
        for gateway in self._each(who):
            if gateway.log_count(compiled):
                raise LabError(f"{gateway.name}'s log has '{compiled.pattern}'")

    def _do_ausearch(self, who, count, *options):
        """ausearch must find that many of a gateway's records with some options."""
        self._auditlog.sync()
        for gateway in self._each(who):
            found = sum(trail.ausearch(LOG, "-p", str(pid), "--raw", *options).count("\n")
                        for pid in gateway.pids)
            if found != int(count):
                raise LabError(f"ausearch finds {found} records of {gateway.name}")

    def _do_until(self, who, *command):
        """Repeats a command until it succeeds."""
        text = " ".join(command)
        for gateway in self._each(who):
            wait_for(f"{gateway.name}: {text}",
                     lambda g=gateway: g.command(text)[0] == 0, PATIENCE, 0.2)

    def _do_drop(self, who):
        for gateway in self._each(who):
            network.drop(gateway.ns)

    def _do_pass(self, who):
        for gateway in self._each(who):
            network.let_pass(gateway.ns)

    def _do_delay(self, who, length):
        for gateway in self._each(who):
            network.delay(gateway.ns, length)

    # --- a crafted peer -----------------------------------------------------

    def _crafted(self):
        """The crafted peer: made when it is needed, its algorithms take time to load."""
        if not self._peer:
            from .ike.crafter import Crafter  # pylint: disable=import-outside-toplevel
            self._peer = Crafter(self._gateways["sun"], self._gateways["moon"],
                                 self._version)
        return self._peer

    def _do_ike(self, *words):
        """Has the crafted peer do something."""
        self._crafted().play(" ".join(words))

    def _do_flood(self, *bounds):
        """Has the crafted peer send packets of no IKE_SA, as fast as it can."""
        self._crafted().flood(parse_flood(bounds), beside=False)

    def _do_flood_beside(self, *bounds):
        """The same, while the next steps are done."""
        self._crafted().flood(parse_flood(bounds), beside=True)

    def _do_tally(self, who, most, *constraints):
        """Waits until the counts of matching records come to as many packets as charon has
        got of all floods; fails when they come to more, or are more records than most."""
        wanted = expect.parse_constraints(constraints)
        gateway = self._gateways[who]
        came = self._crafted().flooded()
        self._note(f"{came} packets")

        def counts():
            records = (expect.fields(text) for text in self._auditlog.records(gateway.pids))
            return [int(record["count"]) for record in records
                    if expect.matches(record, wanted, {})]

        wait_for(f"records of {who} that count {came} packets",
                 lambda: sum(counts()) >= came, PATIENCE)
        found = counts()
        self._note(f"in {len(found)} records")
        if sum(found) != came or len(found) > int(most):
            raise LabError(f"{len(found)} records of {who} count {sum(found)} packets, its "
                           f"charon got {came}")

    # --- auditd, for scenarios that run alone ------------------------------

    def _do_auditd(self, what):
        sink.ask(self._sink, "auditd", what)

    def _do_disk(self, what):
        """auditd's log is on a small file system, that gets full or has room again."""
        sink.ask(self._sink, "disk", what)

    def _do_backlog(self, *limits):
        """Sets the kernel's backlog limit, and how long senders wait beyond it."""
        self._sink.backlog(*limits)

    def _do_audit(self, what):
        """Turns the kernel's audit on or off."""
        self._sink.switch({"on": True, "off": False}[what])

    def _do_stream(self, what, *args):
        """Has auditd start anew with qm-audit stream as its plugin, or without; compares
        what that has written with the log."""
        if what in ("on", "off"):
            stream.configure(args[0] if what == "on" else None)
            self._auditlog.sync()
            self._sink.end()
            self._sink.start()
            self._auditlog.sync()
            self._streaming = what == "on"
            wait_for(f"the plugin to be {what}", lambda: bool(stream.pids()) == (what == "on"))
            return
        self._auditlog.sync()
        pids = set().union(*(gateway.pids for gateway in self._gateways.values()))
        lines = self._auditlog.lines(pids)
        given, dropped = patiently(lambda: stream.compare(lines, args), PATIENCE)
        self._note(f"{given} events streamed, {dropped} dropped")
        if not given or bool(dropped) != (what == "lossy"):
            raise LabError(f"{given} events streamed, {dropped} dropped")

    def _do_fill(self, what):
        """Sends records without end, so that the kernel's backlog stays full."""
        self._sink.fill({"on": True, "off": False}[what])

    def _do_reset_lost(self):
        """Has the kernel forget what it lost; says how much that was."""
        for line in self._sink.reset_lost():
            self._note(f"the kernel: {line}")

    # --- kills -------------------------------------------------------------

    def _do_rounds(self, count, seed, *disturb):
        """Kills charons at random moments, and starts them again: see crash.py."""
        crash = Crash(self._gateways, self._sink, self._say, self._settled)
        crash.play(int(count), int(seed), disturb)
        self._note(f"seed {seed}: {count} rounds, {crash.kills} kills, "
                   f"{crash.disturbed} rounds with audit disturbed")

    def _settled(self):
        """Whether all that was established has ended, by the records."""
        pids = set().union(*(gateway.pids for gateway in self._gateways.values()))
        records = [expect.fields(text) for text in self._auditlog.records(pids)]
        open_sas = {op: {(record["in-spi"], record["out-spi"]) for record in records
                         if record.get("op") == op and "in-spi" in record}
                    for op in ("start", "destroy")}
        return open_sas["start"] <= open_sas["destroy"]

    def _do_time(self, name, *step):
        """Does a step and keeps how long it took."""
        begun = time.monotonic()
        self._one(" ".join(step))
        self._times.setdefault(name, []).append(time.monotonic() - begun)

    def _do_compare(self, name, _than, other, factor, plus):
        """Fails when the median time of one kind exceeds factor x other + plus."""
        mine, base = (sorted(self._times[key])[len(self._times[key]) // 2]
                      for key in (name, other))
        self._say(f"{name} {mine:.3f} s, {other} {base:.3f} s, ratio {mine / base:.2f}")
        self._note(f"{name}/{other} = {mine / base:.2f}")
        if mine > float(factor) * base + float(plus):
            raise LabError(f"{name} took {mine:.3f} s, {other} {base:.3f} s")
