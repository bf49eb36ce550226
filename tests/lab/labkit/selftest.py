#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Negative tests of the lab: what check-promise and the expectations must find."""

import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

from labkit import conf, expect, promise, scenario, selftest_crash, synthetic  # noqa: E402
from labkit import selftest_foreign as foreign, units  # noqa: E402
from labkit.ike import test as ike_test  # noqa: E402

MOON, SUN = "pid=500", "pid=600"
FIRST, SECOND = " child-sa=1 ", " child-sa=2 "


def remove(*words):
    """A line goes missing, and rec-seq shows it."""
    def spoil(folder):
        del folder.audit[folder.find(*words)]
    return spoil


def never_written(name, *words):
    """A record that never was: rec-seq has no hole."""
    def spoil(folder):
        del folder.audit[folder.find(f"pid={synthetic.PIDS[name]}", *words)]
        folder.renumber(name)
    return spoil


def twice(name, *words):
    """A record written twice, numbered as if that were right."""
    def spoil(folder):
        index = folder.find(f"pid={synthetic.PIDS[name]}", *words)
        line = folder.audit[index].replace("):", "9):", 1)
        folder.audit.insert(index + 1, line)
        folder.renumber(name)
    return spoil


def lost(name, cause, count):
    """A record says at the end that there were losses."""
    def spoil(folder):
        index = folder.find(f"pid={synthetic.PIDS[name]}", "op=audit-stop")
        stop = folder.audit[index]
        number = int(stop.split("rec-seq=")[1].split()[0])
        body = f"op=lost instance=1 count={count} since={synthetic.EPOCH}.000 cause={cause}"
        told = stop[:stop.index("op=")] + body + stop[stop.index(" when="):]
        folder.audit[index] = told.replace("res=success", "res=failed")
        folder.audit.insert(index + 1, stop.replace("):", "9):", 1).replace(
            f"rec-seq={number} ", f"rec-seq={number + 1} "))
    return spoil


def lossy(folder):
    """The scenario says that the kernel may throw records away."""
    folder.about["lossy"] = True


def replace(old, new, *words):
    """A text replaced by another in one record."""
    return lambda folder: folder.replace(old, new, *words)


def both(*spoilers):
    """Several at once."""
    return lambda folder: [spoil(folder) for spoil in spoilers]


def swap_lines(one, other):
    """Two records change places, numbers and all."""
    def spoil(folder):
        first, second = folder.find(MOON, *one), folder.find(MOON, *other)
        lines = folder.audit
        lines[first], lines[second] = lines[second], lines[first]
        folder.renumber("moon")
    return spoil


def overtake(one, other):
    """Two records of moon came to the kernel in another order than their numbers'."""
    def spoil(folder):
        first, second = folder.find(MOON, *one), folder.find(MOON, *other)
        stamps = [re.search(r"audit\([0-9.:]+\)", folder.audit[index]).group()
                  for index in (first, second)]
        for index, old, new in zip((first, second), stamps, reversed(stamps)):
            folder.audit[index] = folder.audit[index].replace(old, new)
    return spoil


def monitor_without(name, text):
    """The kernel never had what the records speak of."""
    def spoil(folder):
        folder.monitor[name] = [line for line in folder.monitor[name] if text not in line]
    return spoil


def monitor_other(old, new):
    """moon's kernel prints something else, everywhere."""
    def spoil(folder):
        folder.monitor["moon"] = [text.replace(old, new) for text in folder.monitor["moon"]]
    return spoil


def monitor_more(*more):
    """The kernel had an SA that no record speaks of."""
    return lambda folder: folder.monitor["sun"].extend((
        "[2026-11-18T11:06:55.000000] src 192.0.2.2 dst 192.0.2.1\n"
        "\tproto esp spi 0xc7777777 reqid 1 mode tunnel\n", *more,
        "[2026-11-18T11:06:56.000000] Deleted src 192.0.2.2 dst 192.0.2.1\n"
        "\tproto esp spi 0xc7777777 reqid 1 mode tunnel\n"))


def policy(states):
    """Another policy was in force on sun."""
    def spoil(folder):
        folder.about["gateways"]["sun"]["runs"][0]["policy"] = [
            [synthetic.EPOCH + when, state] for when, state in states]
    return spoil


def snapshot_other(folder):
    """charon lists another SA than the records say."""
    shot = folder.about["snapshots"][0]["moon"]
    shot["list-sas"] = shot["list-sas"].replace("c1000002", "c1000009")


def shot_other(*path, key, value):
    """charon lists the SA that is up with another value."""
    def spoil(folder):
        found = dict(folder.about["snapshots"][0]["moon"]["sas"])["gw"]
        for name in path:
            found = found[name]
        found[key] = value
    return spoil


def xfrm_other(old, new):
    """The kernel prints the SA that is up with another value."""
    def spoil(folder):
        shot = folder.about["snapshots"][0]["moon"]
        assert old in shot["xfrm"]
        shot["xfrm"] = shot["xfrm"].replace(old, new)
    return spoil


def userland(folder, kept=()):
    """moon has its SAs not in the kernel, which has those of some SPIs nevertheless."""
    folder.about["gateways"]["moon"]["backend"] = "libipsec"
    folder.about["snapshots"][0]["moon"]["xfrm"] = ""
    folder.monitor["moon"] = [text for text in folder.monitor["moon"]
                              if any(spi in text for spi in kept)]
    for child in (FIRST, SECOND):
        index = folder.find(MOON, END, child)
        folder.audit[index] = re.sub(r"((?:bytes|packets)-(?:in|out)=)\d+", r"\1?",
                                     folder.audit[index])


CHILD = ("child-sas", "net-2")
IN1 = f"in-spi={0xc1000001}(0xc1000001)"
OUT1 = f"out-spi={0xc2000001}(0xc2000001)"
OUT2 = f"out-spi={0xc2000002}(0xc2000002)"
START, END = "op=start event-id=5451", "op=destroy"
FAILURE, PACKET = "event-id=4654", "event-id=4977"

# what is done, how, and what must be said of it; None: it must pass
CASES = [
    ("a good trail", lambda folder: None, None),
    ("5451 removed", remove(MOON, START, FIRST), "not a sequence"),
    ("5452 removed", remove(SUN, END, SECOND), "not a sequence"),
    ("5451 never written", never_written("moon", START, FIRST), "no 5451 has it"),
    ("5452 never written", never_written("sun", END, SECOND), "no 5452 has it"),
    ("last 5452 and audit-stop lost", both(remove(SUN, END, SECOND),
                                           remove(SUN, "op=audit-stop")), "no 5452 has it"),
    ("5451 doubled", twice("moon", START, FIRST), "2 records op=start"),
    ("5452 doubled", twice("sun", END, FIRST), "2 records op=destroy"),
    ("5452 never written, and op=lost", both(never_written("moon", END, SECOND),
                                              lost("moon", "queue", 1)), None),
    ("two of each never written, and op=lost of one",
     both(never_written("moon", START, FIRST), never_written("moon", END, FIRST),
          never_written("moon", START, SECOND), never_written("moon", END, SECOND),
          lost("moon", "queue", 1)), "no 5452 has it"),
    ("5452 removed, and op=lost of audit", both(remove(SUN, END, SECOND),
                                                lost("sun", "audit", 1)), None),
    ("op=lost of audit without a hole", lost("sun", "audit", 1), "not a sequence with 1 lost"),
    ("5452 removed where the kernel may throw records away",
     both(remove(SUN, END, SECOND), lossy), None),
    ("5452 doubled where the kernel may throw records away",
     both(twice("sun", END, FIRST), lossy), "2 records op=destroy"),
    ("hole in rec-seq", replace("rec-seq=3 ", "rec-seq=9 ", MOON), "not a sequence"),
    ("in and out swapped in both records",
     both(replace(f"{IN1} {OUT1}", f"{IN1} {OUT1}".replace("in-spi", "x").replace(
         "out-spi", "in-spi").replace("x=", "out-spi="), MOON, START),
          replace(f"{IN1} {OUT1}", f"{IN1} {OUT1}".replace("in-spi", "x").replace(
              "out-spi", "in-spi").replace("x=", "out-spi="), MOON, END)),
     "fields are"),
    ("values of in and out exchanged",
     both(replace(f"{IN1} {OUT1}", f"in-{OUT1[4:]} out-{IN1[3:]}", MOON, START),
          replace(f"{IN1} {OUT1}", f"in-{OUT1[4:]} out-{IN1[3:]}", MOON, END)),
     "the kernel had no inbound SA"),
    ("SPI of another SA in 5451", replace(OUT1, OUT2, MOON, START, FIRST), "in the 5451 of"),
    ("SPIs paired crosswise in all of moon's records",
     both(replace(OUT1, "out-spi=TMP", MOON, START, FIRST),
          replace(OUT2, OUT1, MOON, START, SECOND),
          replace("out-spi=TMP", OUT2, MOON, START, FIRST),
          replace(OUT1, "out-spi=TMP", MOON, END, FIRST),
          replace(OUT2, OUT1, MOON, END, SECOND),
          replace("out-spi=TMP", OUT2, MOON, END, FIRST)), "the peer pairs these"),
    ("SPI that no kernel had", replace("3238002689(0xc1000001)", "1(0x1)", MOON, START),
     "the kernel had no inbound SA"),
    ("SPI in two forms", replace("(0xc1000001)", "(0xc1000003)", MOON, START),
     "the two forms differ"),
    ("SPI without its bracket", replace("(0xc1000001)", "(0xc1000001", MOON, START),
     "in-spi="),
    ("wrong laddr", replace("laddr=192.0.2.1 ", "laddr=192.0.2.11 ", MOON, START, FIRST),
     "the kernel had no inbound SA"),
    ("5452 before 5451", swap_lines((START, SECOND), (END, SECOND)), "5452 before 5451"),
    ("5452 overtook its 5451", overtake((START, FIRST), (END, FIRST)),
     "1 5452 came before their 5451"),
    ("5452 overtook its 5451 where records were thrown away",
     both(overtake((START, FIRST), (END, FIRST)),
          lambda folder: folder.about["gateways"]["moon"].update(thrown=True)), None),
    ("wrong duration", replace("duration=11.000", "duration=12.000", MOON), "duration is"),
    ("field missing", replace(" encap=no", "", MOON, START, FIRST), "fields are"),
    ("fields in another order", replace("esn=no encap=no", "encap=no esn=no", MOON, START,
                                        FIRST), "fields are"),
    ("unknown reason", replace("reason=deleted", "reason=bored", MOON), "reason=bored"),
    ("unencoded name", replace('conn-name="gw"', "conn-name=gw", MOON, START, FIRST),
     "conn-name=gw"),
    ("a 4654 of an SA that has a 5451", replace(" child-sa=3 ", " child-sa=2 ", MOON, FAILURE),
     None),
    ("4654 removed", remove(MOON, FAILURE), "not a sequence"),
    ("4977 removed", remove(MOON, PACKET, "count=1 "), "not a sequence"),
    ("res=success on a 4654", replace("res=failed", "res=success", SUN, FAILURE),
     "res=success"),
    ("5451 that says it is a 4654", replace("event-id=5451", "event-id=4654", SUN, FIRST),
     "fields are"),
    ("4654 without its notify", replace(" notify=NO_PROPOSAL_CHOSEN", "", SUN, FAILURE),
     "fields are"),
    ("4654 with another instance", replace("instance=1", "instance=2", SUN, FAILURE),
     "not a sequence"),
    ("4977 of an unknown kind", replace("reason=bad-integrity", "reason=ugly", MOON, PACKET),
     "reason=ugly"),
    ("4977 with half an SPI", replace(f"{0x1234:016x}", f"{0x1234:08x}", MOON, "count=1 "),
     "ike-spi-i="),
    ("4977 of no packets", replace("count=1 ", "count=0 ", MOON, PACKET), "count=0"),
    ("4977 of several kinds in one packet", replace("count=7 ", "count=1 ", MOON, PACKET),
     "count=1"),
    ("4977 that begins after its end",
     replace(f"since={synthetic.EPOCH + 18}.000", f"since={synthetic.EPOCH + 25}.000", MOON),
     "count=7"),
    ("4977 of a network, to be found by an address",
     replace("raddr=198.18.0.1 ", "raddr=2001:db8::/64 ", MOON, "count=7"), "is not the peer"),
    ("res=failed on a 5451", replace("res=success", "res=failed", MOON, START, FIRST),
     "res=failed"),
    ("addr is not the peer", replace("addr=192.0.2.2 terminal", "addr=192.0.2.9 terminal",
                                     MOON, START, FIRST), "is not the peer"),
    ("unknown op", replace("op=start", "op=began", MOON, FIRST), "no such op"),
    ("audit-start missing", never_written("moon", "op=audit-start"), "started under policy"),
    ("audit-stop missing", never_written("sun", "op=audit-stop"), "ended (term) under"),
    ("record of a stranger", replace("pid=500", "pid=501", START, FIRST), "of neither"),
    ("SA of the kernel without records", monitor_more(synthetic.policy("sun", 0xc7777777)),
     "0xc7777777, no 5451"),
    ("SA that no policy points at, without records,", monitor_more(), None),
    ("records without an SA in the kernel", monitor_without("moon", "0xc1000002"),
     "the kernel had no inbound SA"),
    ("SA that stays in the kernel", lambda folder: folder.monitor["sun"].__delitem__(-2),
     "never removed from the kernel"),
    ("charon lists another SA", snapshot_other, "swanctl --list-sas"),
    ("charon lists another mode", shot_other(*CHILD, key="mode", value="BEET"),
     "samode is beet by charon"),
    ("charon lists another key size", shot_other(*CHILD, key="encr-keysize", value="256"),
     "ksize is 256 by charon"),
    ("charon lists more selectors", shot_other(*CHILD, key="local-ts", value=["10.1.0.0/16"] * 9),
     ",+1 by charon"),
    ("charon lists a mark", shot_other(*CHILD, key="mark-in", value="0000002a"),
     "mark is 42/0 by charon"),
    ("charon lists an interface id", shot_other(*CHILD, key="if-id-out", value="00000007"),
     "if-id is 0/7 by charon"),
    ("charon lists another port", shot_other(key="local-port", value="500"),
     "lport is 500 by charon"),
    ("charon lists a virtual IP", shot_other(key="remote-vips", value=["10.3.0.1"]),
     "remote-vip is 10.3.0.1 by charon"),
    ("charon lists another identity", shot_other(key="remote-id", value="x.example.org"),
     "remote-id is \"x.example.org\" by charon"),
    ("charon lists a user", shot_other(key="remote-eap-id", value="carol"),
     "acct is \"carol\" by charon"),
    ("the kernel has another hard limit", xfrm_other("hard 3960", "hard 3961"),
     "life-time is 3961 by the kernel"),
    ("the kernel has a limit of bytes", xfrm_other("hard (INF)(bytes)", "hard 5(bytes)"),
     "life-bytes is 5 by the kernel"),
    ("the kernel encapsulates", xfrm_other("\tlifetime config",
                                           "\tencap type espinudp\n\tlifetime config"),
     "encap is yes by the kernel"),
    ("the kernel has ESN", xfrm_other("af-unspec", "af-unspec esn"),
     "esn is yes by the kernel"),
    ("the kernel counted other bytes",
     replace("bytes-in=840", "bytes-in=841", MOON, SECOND, END),
     "the kernel counted ('840', '10') in"),
    ("the kernel counted other packets",
     replace("packets-out=2", "packets-out=3", MOON, SECOND, END),
     "the kernel counted ('168', '2') out"),
    ("in and out are exchanged", replace(
        "bytes-in=840 bytes-out=168", "bytes-in=168 bytes-out=840", MOON, SECOND, END),
     "the kernel counted"),
    ("nobody counted", replace(
        "bytes-in=840 bytes-out=168 packets-in=10 packets-out=2",
        "bytes-in=? bytes-out=? packets-in=? packets-out=?", MOON, SECOND, END),
     "the kernel counted"),
    ("nobody counted while the record could wait", both(
        monitor_other(synthetic.stamp(30), synthetic.stamp(33)), replace(
            "bytes-in=840 bytes-out=168 packets-in=10 packets-out=2",
            "bytes-in=? bytes-out=? packets-in=? packets-out=?", MOON, SECOND, END)), None),
    ("the kernel has told no counts", monitor_other("\t  840(bytes), 10(packets)\n", ""),
     "the kernel counted None in"),
    ("SAs that are not in the kernel", userland, None),
    ("SAs that are not in the kernel, and nobody said so",
     both(userland, lambda folder: folder.about["gateways"]["moon"].pop("backend")),
     "the kernel had no inbound SA"),
    ("an SA in a kernel that was to have none",
     lambda folder: userland(folder, ("0xc1000001",)), "they were to be in libipsec"),
    ("counts of an SA that is not in the kernel",
     both(userland, replace("bytes-in=? bytes-out=? packets-in=?",
                            "bytes-in=840 bytes-out=? packets-in=10", MOON, FIRST, END)),
     "the kernel counted None in"),
    ("5451 of an SA that is not in the kernel, never written",
     both(userland, never_written("moon", START, SECOND)), "no 5451 has it"),
    ("5452 of an SA that is not in the kernel, never written",
     both(userland, never_written("moon", END, FIRST)), "no 5452 has it"),
    ("SPI that the peer's kernel never had, of an SA that is not in the kernel",
     both(userland, replace("3238002689(0xc1000001)", "1(0x1)", MOON, START)),
     "the kernel had no inbound SA"),
    ("records under No Auditing", policy([(1, "no-auditing")]), "started under policy"),
    ("records of a policy not in force", policy([(1, "success"), (15, "no-auditing")]),
     "ended (term) under policy"),
]


def verdict(folder):
    """What check-promise says of a folder."""
    with tempfile.TemporaryDirectory() as path:
        folder.write(path)
        return promise.check(path)


def spoiled():
    """Tests of check-promise: (title, whether it did as it must, what it said)."""
    for title, spoil, wanted in CASES + selftest_crash.CASES:
        folder = synthetic.Folder()
        spoil(folder)
        said = verdict(folder)
        good = any(wanted in line for line in said) if wanted else not said
        yield f"check-promise: {title}{' is found' if wanted else ' passes'}", good, said


def expectations():
    """Tests of the language of expectations."""
    records = [expect.fields(text) for text in (
        "op=start event-id=5451 child-sa=1 in-spi=5 when=1.5",
        "op=start event-id=5451 child-sa=2 in-spi=6 when=2.5",
        "op=destroy child-sa=1 in-spi=5 when=3.5")]
    failed = [expect.fields("op=start event-id=4654 reason=dpd")]
    cases = [
        ("what is there", ["start in-spi=<a>", "start when>2", "destroy in-spi=<a>"], True),
        ("a group in any order", ["& start child-sa=2", "& start child-sa=1", "destroy"], True),
        ("any number", ["* start", "* lost", "destroy"], True),
        ("any number of others", ["* start child-sa=1", "destroy"], False),
        ("another order", ["start child-sa=2", "start child-sa=1", "destroy"], False),
        ("a record more", ["start", "start"], False),
        ("a record less", ["start", "start", "destroy", "destroy"], False),
        ("another value", ["start in-spi=7", "start", "destroy"], False),
        ("a name with two values", ["start in-spi=<a>", "start in-spi=<a>", "destroy"], False),
        ("a field that is missing", ["start", "start", "destroy reason!=x"], False),
        ("a number too small", ["start when>2", "start", "destroy"], False),
        ("a pattern", ["start in-spi~[0-9]", "start", "destroy when~3[.]."], True),
    ]
    for title, lines, good in cases:
        said = expect.Expected(enumerate(lines, 1)).check(records, {})
        yield f"expect: {title} {'passes' if good else 'is found'}", good == (not said), said
    for title, line, good in (("a failure", "start event-id=4654", True),
                              ("a failure taken for a success", "start", False)):
        said = expect.Expected([(1, line)]).check(failed, {})
        yield f"expect: {title} {'passes' if good else 'is found'}", good == (not said), said
    said = expect.Expected(enumerate(
        ["& destroy", "& start child-sa=9", "& start child-sa=1"], 1)).check(records, {})
    yield "expect: one record of a group that differs is one problem", len(said) == 1, said
    pairs = [("plain", '"plain"'), ("a b", "612062"), ('"', "22"), ("'", "27"),
             ("ü", "C3BC")]
    good = all(expect.encode(text) == wanted for text, wanted in pairs)
    yield "expect: strings are encoded as audit does", good, []


def settings():
    """Tests of how settings are made."""
    tree = conf.build([("a.b", "1"), ("a.c.d", "2")], [("a.b", "3"), ("a.c", None)])
    yield "conf: later layers win", conf.render(tree) == "a {\n\tb = 3\n}\n", [str(tree)]
    try:
        conf.build([("a.b", "1"), ("a.b.c", "2")])
        yield "conf: a value is no section", False, []
    except ValueError:
        yield "conf: a value is no section", True, []


HEAD = "title: t\nwhy: w\nversions: {}\n"
CRAFTED = HEAD + "peer: crafted\n[steps]\n"
# a scenario, and what must be said of it; None: it is one
SCENARIOS = [
    ("two charons", HEAD.format("2 1") + "[steps]\nmoon: true\n", None),
    ("a crafted peer", CRAFTED.format("2 1") + "ike a connect\nike a send delete of=ike -> ok\n"
     "@2 ike a send child nonce=4 mid=+1 => some (log|line)\n"
     "@1 ike a send quick third=no -> ok\n@1 ike a send third wrong-hash\n"
     "ike a gets 14\nflood count=9 sources=2 seconds=3\n", None),
    ("an expectation that is none", HEAD.format("2") + "[expect moon]\nstart child-sa\n",
     "not a constraint"),
    ("two gateways without a kernel", HEAD.format("2") + "kernel: libipsec both\n",
     "kernel: can only be"),
    ("a peer of another kind", HEAD.format("2") + "peer: friendly\n", "can only be"),
    ("a charon where the peer is crafted", CRAFTED.format("2") + "[swanctl sun]\na = b\n",
     "it has no charon"),
    ("a crafted packet of a charon", HEAD.format("2") + "[steps]\nike a connect\n", "needs"),
    ("a flood of a charon", HEAD.format("2") + "[steps]\nflood count=1 sources=1 seconds=1\n",
     "needs"),
    ("a tally of a charon", HEAD.format("2") + "[steps]\ntally moon 9 op=lost\n", "needs"),
    ("an unknown word", CRAFTED.format("2") + "ike a dance\n", "neither connect"),
    ("an unknown message", CRAFTED.format("2") + "ike a send quick\n", "no 'send quick'"),
    ("an unknown flaw", CRAFTED.format("2") + "ike a send child wrong-hash\n", "no such option"),
    ("a flaw without its value", CRAFTED.format("2") + "ike a send child mid\n", "takes a value"),
    ("a flaw with a value too many", CRAFTED.format("2") + "ike a send child no-sa=1\n",
     "takes no value"),
    ("a flaw of another version", CRAFTED.format("2 1") + "@1 ike a send quick bad-icv\n",
     "no such option"),
    ("an unknown option", CRAFTED.format("2") + "ike a connect flavour=mint\n", "no such option"),
    ("QM3 otherwise than never", CRAFTED.format("1") + "ike a send quick third=late\n",
     "third= can only"),
    ("an unknown notify", CRAFTED.format("2") + "ike a send child -> BAD_LUCK\n", "no notify"),
    ("an unknown answer", CRAFTED.format("2") + "ike a answer child perhaps\n",
     "no such answer"),
    ("no answer", CRAFTED.format("2") + "ike a answer child always\n", "which answer"),
    ("a pattern that is none", CRAFTED.format("2") + "ike a send child => (\n", "ike a send"),
    ("a flood without bounds", CRAFTED.format("2") + "flood count=9\n", "a flood needs"),
]


def scenarios():
    """Tests of how scenarios are read."""
    for title, text, wanted in SCENARIOS:
        said = []
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/s.scn", "w", encoding="utf-8") as file:
                file.write(text)
            try:
                scenario.Scenario(f"{folder}/s.scn")
            except scenario.ScenarioError as error:
                said = [str(error)]
        good = any(wanted in line for line in said) if wanted else not said
        yield f"scenario: {title}{' is found' if wanted else ' is read'}", good, said


# a program's TAP and exit status, whether each test and the program itself did well
UNITS = [
    ("all well", "1..2\nok 1 - a: b\n# 5 bytes\nok 2 - a: c\n", 0, [True, True, True]),
    ("one failed", "1..2\nnot ok 1 - a: b\n# x.c:3: 4\nok 2 - a: c\n", 1,
     [False, True, True]),
    ("one skipped", "1..2\nok 1 - a: b # SKIP no ESP\nok 2 - a: c\n", 0, [False, True, True]),
    ("one missing", "1..2\nok 1 - a: b\n", 0, [True, False]),
    ("a crash at the end", "1..1\nok 1 - a: b\n", -11, [True, False]),
    ("a failure that the status hides", "1..1\nnot ok 1 - a: b\n", 0, [False, False]),
    ("no test", "1..0\n", 0, [False]),
    ("nothing", "", 127, [False]),
]


def unit_tests():
    """Tests of how the TAP of unit tests is read."""
    for title, output, status, wanted in UNITS:
        verdicts = units.read(output, status)
        said = [f"{name}: {problems}" for name, problems in verdicts]
        yield f"units: {title}", [not problems for _, problems in verdicts] == wanted, said


def main():
    """Prints a verdict on each test."""
    failed = number = 0
    for number, (title, good, said) in enumerate(
            [*spoiled(), *selftest_crash.losses(), *foreign.tests(), *expectations(),
             *settings(), *scenarios(), *unit_tests(), *ike_test.tests()], 1):
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {title}")
        if not good:
            print("".join(f"#   {line}\n" for line in said or ["nothing was said"]), end="")
    print(f"{number - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
