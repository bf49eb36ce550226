# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of a lane: a namespace per gateway, joined by one cable."""

import datetime
import re
import socket
import struct

from . import base
from .namespace import add, inside, remove
from .shell import read, run, wait_for

CABLE = "net0"

# <linux/netlink.h>, and <linux/xfrm.h> of Linux 7.2: struct xfrm_user_migrate_state
NETLINK_XFRM = 6
XFRMNLGRP_MIGRATE = 7
XFRM_MSG_MIGRATE_STATE = 0x29
MOVED = struct.Struct("=16x4sxxBx16s16s8x56x4x4xH")


def run_in(ns, *args, **options):
    """Runs a program in a namespace; see shell.run()."""
    with inside(ns):
        return run(list(args), **options)


def namespace(lane, name):
    """Name of a gateway's namespace; the first lane has the plain names."""
    return f"{name}{lane}" if lane else name


def _batch(name):
    own = base.ADDRESSES[name]
    lines = ["link set lo up", f"link set {CABLE} up", "link add lan type dummy",
             "link set lan up"]
    for address in own["outer"] + own["second"]:
        bits, nodad = ("64", " nodad") if ":" in address else ("24", "")
        lines.append(f"address add {address}/{bits} dev {CABLE}{nodad}")
    for address in own["inner"]:
        lines.append(f"address add {address} dev lan{' nodad' if ':' in address else ''}")
    return "\n".join(lines) + "\n"


def up(lane):
    """Makes both namespaces anew."""
    down(lane)
    moon, sun = (namespace(lane, name) for name in base.GATEWAYS)
    for name in (moon, sun):
        add(name)
    run(["ip", "link", "add", CABLE, "netns", moon, "type", "veth",
         "peer", "name", CABLE, "netns", sun])
    for name in base.GATEWAYS:
        run_in(namespace(lane, name), "ip", "-batch", "-", stdin=_batch(name))


def down(lane):
    """Removes both namespaces, if they are there."""
    for name in base.GATEWAYS:
        remove(namespace(lane, name))


def drop(ns, family="udp dport { 500, 4500 }"):
    """Drops what IKE sends and receives, and UDP-encapsulated ESP with it."""
    rules = "add table inet lab\n"
    for hook in ("input", "output"):
        rules += f"add chain inet lab {hook} {{ type filter hook {hook} priority 0; }}\n"
        rules += f"add rule inet lab {hook} {family} drop\n"
    run_in(ns, "nft", "-f", "-", stdin=rules)


def let_pass(ns):
    """Ends drop()."""
    run_in(ns, "nft", "delete", "table", "inet", "lab")


def delay(ns, time):
    """Delays what leaves on the cable; time as tc has it, or 0."""
    run_in(ns, "tc", "qdisc", "del", "dev", CABLE, "root", check=False)
    if time != "0":
        run_in(ns, "tc", "qdisc", "add", "dev", CABLE, "root", "netem", "delay", time)


def count_floods(ns, length):
    """Begins to count UDP datagrams of that payload that come in; see flooded()."""
    run_in(ns, "nft", "-f", "-", stdin=(
        "add table inet flood\nadd counter inet flood came\n"
        "add chain inet flood input { type filter hook input priority 10; }\n"
        f"add rule inet flood input udp length {8 + length} counter name came\n"))


def flooded(ns):
    """How many of them a program could read, when it has read all that it can."""
    listing = run_in(ns, "nft", "list", "counter", "inet", "flood", "came")[1]
    came = int(re.search(r"packets (\d+)", listing).group(1))

    def waiting():
        """What is in the sockets of IKE: (bytes to be read, datagrams dropped)."""
        lines = [line.split() for line in run_in(ns, "cat", "/proc/net/udp")[1].splitlines()]
        return [(int(words[4].partition(":")[2], 16), int(words[-1])) for words in lines[1:]
                if words[1].endswith((":01F4", ":1194"))]

    wait_for("all datagrams to be read", lambda: not any(size for size, _ in waiting()))
    return came - sum(drops for _, drops in waiting())


def _xfrm_socket(pid):
    """The line of /proc/net/netlink of a process that listens to XFRM groups."""
    for line in read(f"/proc/{pid}/net/netlink").splitlines()[1:]:
        _, protocol, port, groups, rmem = line.split()[:5]
        if protocol == "6" and port == str(pid) and int(groups, 16):
            return {"rmem": int(rmem)}
    return None


def monitor_ready(pid):
    """Waits until 'ip xfrm monitor' has joined its groups."""
    wait_for("ip xfrm monitor to listen", lambda: _xfrm_socket(pid))


def _monitor_idle(pid):
    found = _xfrm_socket(pid)
    state = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return not found or (found["rmem"] == 0 and state[0] == "S")


def monitor_drained(pid):
    """Waits until 'ip xfrm monitor' has printed all that the kernel told it."""
    wait_for("ip xfrm monitor to read on", lambda: _monitor_idle(pid))


def listen_for_moves():
    """A socket on which the kernel of this namespace says that it gave an SA another
    address: 'ip xfrm monitor' does not know what Linux 7.2 has for that."""
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK,
                             NETLINK_XFRM)
    listener.bind((0, 1 << XFRMNLGRP_MIGRATE - 1))
    return listener


def moves(listener):
    """The places that SAs were moved to, as 'ip xfrm monitor' has new ones."""
    text = ""
    while True:
        try:
            data = listener.recv(8192)
        except BlockingIOError:
            return text
        if struct.unpack_from("=H", data, 4) != (XFRM_MSG_MIGRATE_STATE,):
            continue
        spi, proto, dst, src, family = MOVED.unpack_from(data, 16)
        size = 4 if family == socket.AF_INET else 16
        src, dst = (socket.inet_ntop(family, address[:size]) for address in (src, dst))
        text += (f"[{datetime.datetime.now().isoformat()}] src {src} dst {dst}\n"
                 f"\tproto {'esp' if proto == socket.IPPROTO_ESP else 'ah'} "
                 f"spi 0x{spi.hex()}\n")


def warm_up():
    """Has the kernel load its modules for ESP and AH.

    Under emulation that takes seconds, which the first negotiation would not survive.
    """
    name = "warmup"
    encryption = ["enc", "cbc(aes)", f"0x{'01' * 16}"]
    integrity = ["auth-trunc", "hmac(sha256)", f"0x{'01' * 32}", "128"]
    aead = ["aead", "rfc4106(gcm(aes))", f"0x{'01' * 20}", "128"]
    add(name)
    for src, dst in (("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")):
        spi = 0x1000
        for proto, algorithms in (("esp", encryption + integrity), ("esp", aead),
                                  ("ah", integrity)):
            spi += 1
            run_in(name, "ip", "xfrm", "state", "add", "src", src, "dst", dst, "proto",
                   proto, "spi", hex(spi), "mode", "tunnel", *algorithms)
    drop(name)
    remove(name)
