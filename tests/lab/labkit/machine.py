# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine as an administrator has it: booted by systemd, with AppArmor, on which
packages are installed, used, upgraded and removed."""

import glob
import os
import re
import subprocess
import time

from .shell import LabError, read, run, wait_for, write

PACKAGES = ("systemd-sysv", "apparmor", "strongswan-starter")
UNIT = """[Unit]
After=auditd.service apparmor.service
[Service]
ExecStart=/lab/guest/main
StandardOutput=journal+console
"""
LOG = "/var/log/audit/audit.log"
SNIPPET = "/etc/strongswan.d/charon/qm-audit.conf"
PLUGIN = "/usr/lib/ipsec/plugins/libstrongswan-qm-audit.so"
STREAM = "/etc/audit/plugins.d/qm-audit.conf"
STATE = "/var/lib/qm-audit"
LOCAL = "/etc/apparmor.d/local"
DAEMONS = {"usr.lib.ipsec.charon": "/usr/lib/ipsec/charon",
           "usr.sbin.charon-systemd": "/usr/sbin/charon-systemd"}
MINE, PEERS = "192.0.2.1", "192.0.2.2"
PEER = "/srv/peer"
SECRET = "a pre-shared key of the lab"

SWANCTL = """connections {
	gw {
		local_addrs = %(own)s
		remote_addrs = %(other)s
		version = 2
		proposals = aes128-sha256-x25519
		local { auth = psk
			id = %(own)s }
		remote { auth = psk
			id = %(other)s }
		children { net { mode = transport
			esp_proposals = aes128-sha256 } }
	}
}
secrets { ike { secret = "%(secret)s" } }
"""
IPSEC_CONF = """conn net
	keyexchange=ikev2
	type=transport
	authby=secret
	left=%(own)s
	right=%(other)s
	ike=aes128-sha256-x25519!
	esp=aes128-sha256!
	auto=add
"""


def stage(folder):
    """Makes what is laid over the machine's root: a service that runs the tests."""
    write(f"{folder}/etc/systemd/system/lab.service", UNIT)
    wants = f"{folder}/etc/systemd/system/multi-user.target.wants"
    os.makedirs(wants)
    os.symlink("/etc/systemd/system/lab.service", f"{wants}/lab.service")
    return folder


def _apt(*args):
    return run(["apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", *args], timeout=600,
               env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))[1]


def _start(service):
    """Starts a service, and says why that fails."""
    status, text = run(["systemctl", "restart", service], check=False, timeout=300)
    if status:
        raise LabError(f"{service}: {text}{run(['journalctl', '-n30', '-u', service])[1]}")


def _records(op):
    text = run(["ausearch", "-m", "CRYPTO_IPSEC_SA", "--raw"], check=False)[1]
    return text.count(f" op={op} ") + text.count(f"'op={op} ")


class Machine:
    """The machine's life with the packages, a test for each part of it."""

    def __init__(self, results):
        self._debs = f"{results}/debs"
        self._peer = None

    def _packages(self, version):
        found = [deb for deb in glob.glob(f"{self._debs}/*_{version}_*.deb")
                 if "dbgsym" not in deb]
        if len(found) != 2:
            raise LabError(f"{self._debs} has {found} of version {version}")
        return found

    # --- a peer ------------------------------------------------------------

    def _network(self):
        """The peer has a namespace, and a daemon that is neither confined nor audited."""
        for command in ("ip netns add peer", "ip link add net0 type veth peer name net0 "
                        "netns peer", f"ip address add {MINE}/24 dev net0",
                        "ip link set net0 up", "ip -n peer link set lo up",
                        f"ip -n peer address add {PEERS}/24 dev net0",
                        "ip -n peer link set net0 up"):
            run(command.split())
        os.makedirs(PEER)
        run(["cp", "/usr/sbin/charon-systemd", f"{PEER}/daemon"])
        write(f"{PEER}/strongswan.conf", "charon-systemd {\n"
              "load = random nonce openssl kdf kernel-netlink socket-default vici\n"
              f"plugins {{ vici {{ socket = unix://{PEER}/vici }} }}\n}}\n"
              "swanctl { load = openssl }\n")
        write(f"{PEER}/swanctl/swanctl.conf",
              SWANCTL % {"own": PEERS, "other": MINE, "secret": SECRET})
        env = dict(os.environ, STRONGSWAN_CONF=f"{PEER}/strongswan.conf")
        with open(f"{PEER}/log", "wb") as log:
            self._peer = subprocess.Popen(["ip", "netns", "exec", "peer", f"{PEER}/daemon"],
                                          env=env, stdout=log, stderr=log)
        wait_for("the peer", lambda: os.path.exists(f"{PEER}/vici"))
        # swanctl is confined, too
        run(["cp", "/usr/sbin/swanctl", f"{PEER}/swanctl/program"])
        run([f"{PEER}/swanctl/program", "--load-all", "--file",
             f"{PEER}/swanctl/swanctl.conf", "--uri", f"unix://{PEER}/vici"], env=env)

    # --- the tests ---------------------------------------------------------

    def installed(self):
        """apt installs both packages, and their files are as they should be"""
        write("/etc/swanctl/conf.d/lab.conf",
              SWANCTL % {"own": MINE, "other": PEERS, "secret": SECRET})
        write("/etc/ipsec.conf", IPSEC_CONF % {"own": MINE, "other": PEERS})
        write("/etc/ipsec.secrets", f'{PEERS} : PSK "{SECRET}"\n')
        os.chmod("/etc/ipsec.secrets", 0o600)
        for daemon in DAEMONS:
            # Debian has one of them only complain
            text = read(f"/etc/apparmor.d/{daemon}").replace("complain,", "")
            write(f"/etc/apparmor.d/{daemon}", text)
        # Debian starts both, which one machine has no use for
        run(["systemctl", "disable", "--now", "strongswan", "strongswan-starter"], timeout=120)
        text = _apt("install", *self._packages("0.1.0-1"))
        if "set an audit policy" not in text:
            raise LabError(f"the installation does not say what to do: {text}")
        if "load = yes" not in read(SNIPPET):
            raise LabError(f"{SNIPPET} does not load the plugin")
        for daemon in DAEMONS:
            if "strongswan-qm-audit" not in read(f"{LOCAL}/{daemon}"):
                raise LabError(f"{LOCAL}/{daemon} does not include what the plugin needs")
            run(["apparmor_parser", "-r", f"/etc/apparmor.d/{daemon}"], timeout=300)
        run(["qm-audit", "--version"])

    def audited(self):
        """strongswan.service audits, confined by AppArmor"""
        run(["systemctl", "daemon-reload"])
        run(["qm-audit", "policy", "set", "--success", "enable", "--failure", "enable",
             "--no-apply"])
        self._network()
        _start("strongswan")
        if not re.search(r"qm-audit: audit policy is success-and-failure",
                         run(["journalctl", "-u", "strongswan"])[1]):
            raise LabError("the daemon's log does not tell of the policy")
        self._confined("usr.sbin.charon-systemd")
        run(["swanctl", "--initiate", "--child", "net", "--timeout", "60"])
        run(["swanctl", "--terminate", "--ike", "gw", "--timeout", "60"])
        self._one_more_life(0)
        run(["qm-audit", "status"])
        mode = os.stat(STATE).st_mode & 0o777
        if mode != 0o700:
            raise LabError(f"{STATE} has mode {mode:o}")

    @staticmethod
    def _confined(profile):
        """Whether the daemon's process is confined, and not only complained about."""
        pids = run(["pidof", DAEMONS[profile]])[1].split()
        modes = {read(f"/proc/{pid}/attr/current").strip() for pid in pids}
        if modes != {f"{DAEMONS[profile]} (enforce)"}:
            raise LabError(f"{DAEMONS[profile]} runs as {modes}")

    @staticmethod
    def _one_more_life(before):
        """There is one more SA pair whose life the records tell."""
        wait_for("a record of its end", lambda: _records("destroy") == before + 1)
        if _records("start") != before + 1:
            raise LabError(f"there are {_records('start')} records of a start")
        status, text = run(["qm-audit", "events", "--format", "table"], check=False)
        if status or text.count(" 5451 ") != before + 1 or text.count(" 5452 ") != before + 1:
            raise LabError(f"qm-audit events: exit {status}: {text}")

    def audited_ipsec(self):
        """strongswan-starter.service audits, confined by AppArmor"""
        run(["systemctl", "stop", "strongswan"], timeout=120)
        _start("strongswan-starter")
        wait_for("charon", lambda: run(["ipsec", "status"], check=False)[0] == 0, 120)
        self._confined("usr.lib.ipsec.charon")
        wait_for("the connection", lambda: run(["ipsec", "up", "net"], check=False)[0] == 0)
        run(["ipsec", "down", "net"])
        self._one_more_life(1)
        run(["systemctl", "stop", "strongswan-starter"], timeout=120)
        status, text = run(["qm-audit", "verify"], check=False)
        if status:
            raise LabError(f"qm-audit verify: exit {status}: {text}")

    def undenied(self):
        """AppArmor has denied nothing"""
        text = read(LOG) + run(["journalctl"])[1]
        denied = [line for line in text.splitlines() if 'apparmor="DENIED"' in line]
        if denied:
            raise LabError(f"{len(denied)} denials: " + " / ".join(denied[:8]))

    def upgraded(self):
        """an upgrade leaves settings and state"""
        before = read(SNIPPET) + "# edited\n"
        write(SNIPPET, before)
        inode = os.stat(f"{STATE}").st_ino
        _apt("install", *self._packages("0.1.0-2"))
        if read(SNIPPET) != before:
            raise LabError(f"{SNIPPET} is not as it was")
        if os.stat(STATE).st_ino != inode or not os.listdir(STATE):
            raise LabError(f"{STATE} is not as it was")
        for daemon in DAEMONS:
            if read(f"{LOCAL}/{daemon}").count("strongswan-qm-audit") != 1:
                raise LabError(f"{LOCAL}/{daemon} has the line more than once")
        _start("strongswan")
        if "last-run=stopped" not in run(["ausearch", "-m", "CRYPTO_IPSEC_SA", "--raw"])[1]:
            raise LabError("the state of the run before was not found")

    def removed(self):
        """removal leaves settings and state, and strongSwan works without it"""
        _apt("remove", "strongswan-qm-audit", "qm-audit")
        for path in (SNIPPET, STREAM, STATE):
            if not os.path.exists(path):
                raise LabError(f"{path} is gone")
        if os.path.exists(PLUGIN):
            raise LabError(f"{PLUGIN} is still there")
        for daemon in DAEMONS:
            if "qm-audit" in read(f"{LOCAL}/{daemon}"):
                raise LabError(f"{LOCAL}/{daemon} still has a line for it")
        _start("strongswan")
        run(["swanctl", "--initiate", "--child", "net", "--timeout", "60"])

    def purged(self):
        """a purge leaves nothing"""
        _apt("purge", "strongswan-qm-audit", "qm-audit")
        for path in (SNIPPET, STREAM, STATE):
            if os.path.exists(path):
                raise LabError(f"{path} is still there")


TESTS = 7


def main(results, number):
    """Lives through it; a verdict for each part goes where a runner's would."""
    machine = Machine(results)
    parts = (machine.installed, machine.audited, machine.audited_ipsec, machine.undenied,
             machine.upgraded, machine.removed, machine.purged)
    assert len(parts) == TESTS
    with open(f"{results}/guest{number}/tap", "w", encoding="utf-8", buffering=1,
              errors="surrogateescape") as tap:
        for part in parts:
            begun = time.monotonic()
            try:
                part()
                verdict, problem = "ok", ""
            except (LabError, OSError) as error:
                verdict, problem = "not ok", "".join(
                    f"#   {line}\n" for line in str(error).splitlines())
            tap.write(f"{verdict} - packages: {part.__doc__} "
                      f"({time.monotonic() - begun:.1f} s)\n{problem}")
    for name, command in (("journal", ["journalctl"]), ("peer", ["cat", f"{PEER}/log"])):
        write(f"{results}/guest{number}/{name}.log", run(command, check=False)[1])
    run(["cp", "-r", "/var/log/audit", f"{results}/guest{number}/audit"], check=False)
