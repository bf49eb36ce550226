# SPDX-License-Identifier: GPL-2.0-or-later
"""A 5451 against what charon's vici socket and the kernel say of the same SA."""

import re
import socket

from . import kernel

# QM_TS_MAX: how many selectors of a side a record has
SELECTORS = 8
# may have changed since: by IKE rekey, by MOBIKE, by a NAT
VOLATILE = ("ike-sa", "laddr", "lport", "raddr", "rport", "encap")
SERVICE = re.compile(r"(.*\[)(tcp|udp|sctp)/([a-z][\w-]*)\]")
# not what charon prints in hexadecimal
PLAIN = re.compile(r"(?!([0-9a-f]{2}:)+[0-9a-f]{2}$)[!#-&(-~]+")


def _number(text):
    return str(int(text, 16)) if text else "0"


def _pair(inbound, outbound):
    return inbound if inbound == outbound else f"{inbound}/{outbound}"


def _mark(child, way):
    mask = child.get(f"mark-mask-{way}")
    return _number(child.get(f"mark-{way}")) + (f":0x{int(mask, 16):x}" if mask else "")


def _numeric(selector):
    """A selector as charon prints it, with a number for the name of a service."""
    match = SERVICE.fullmatch(selector)
    if not match:
        return selector
    head, proto, name = match.groups()
    return f"{head}{proto}/{socket.getservbyname(name, proto)}]"


def _selectors(found):
    found = [_numeric(selector) for selector in found]
    more = [f"+{len(found) - SELECTORS}"] if len(found) > SELECTORS else []
    return ",".join(found[:SELECTORS] + more)


def _path(ike, child):
    return {"ike-sa": ike["uniqueid"], "laddr": ike["local-host"], "lport": ike["local-port"],
            "raddr": ike["remote-host"], "rport": ike["remote-port"],
            "encap": child.get("encap", "no")}


def _kind(child):
    return {"child-sa": child["uniqueid"], "reqid": child["reqid"],
            "if-id": _pair(_number(child.get("if-id-in")), _number(child.get("if-id-out"))),
            "mark": _pair(_mark(child, "in"), _mark(child, "out")),
            "satype": f"ipsec-{child['protocol'].lower()}", "samode": child["mode"].lower(),
            "cipher": child.get("encr-alg", "none"), "ksize": child.get("encr-keysize", "0"),
            "integ": child.get("integ-alg", "none"), "pfs": child.get("dh-group", "none"),
            "esn": "yes" if child.get("esn") == "1" else "no",
            "in-spi": kernel.spi_text(int(child["spi-in"], 16)),
            "out-spi": kernel.spi_text(int(child["spi-out"], 16)),
            "local-ts": _selectors(child["local-ts"]),
            "remote-ts": _selectors(child["remote-ts"])}


def _texts(name, ike, child):
    """Names and identities that are printed by charon as they are recorded."""
    user = ike.get("remote-eap-id", ike.get("remote-xauth-id"))
    found = {"conn-name": name, "child-name": child["name"], "local-id": ike["local-id"],
             "remote-id": ike["remote-id"], "acct": user}
    return {key: f'"{text}"' for key, text in found.items() if text and PLAIN.fullmatch(text)}


def _by_charon(name, ike, child):
    vips = ike.get("remote-vips", [])
    return {**_path(ike, child), **_kind(child), **_texts(name, ike, child),
            "ike-version": ike["version"], "remote-vip": vips[0] if vips else "?"}


def _by_kernel(state):
    return {"reqid": state["reqid"], "life-time": state["life-time"],
            "life-bytes": state["life-bytes"], "life-packets": state["life-packets"],
            "samode": state["mode"], "satype": f"ipsec-{state['proto']}",
            "encap": "yes" if state["encap"] else "no",
            "esn": "yes" if state["esn"] else "no"}


def _differences(record, said, whose, ignored):
    return [f"{key} is {value} by {whose}, {record.fields.get(key)} in: {record.brief()}"
            for key, value in said.items()
            if key not in ignored and record.fields.get(key) != value]


def check(records, shot, moved):
    """What charon and the kernel say otherwise of SAs that are up, given their 5451s.

    shot is what Gateway.snapshot() found, moved(record) whether an SA's addresses
    or its IKE_SA may have changed since its record.
    """
    by_charon = {int(child["spi-in"], 16): (name, ike, child) for name, ike in shot["sas"]
                 for child in ike.get("child-sas", {}).values() if "spi-in" in child}
    by_kernel = kernel.states(shot["xfrm"])
    problems = []
    for record in records:
        ignored = VOLATILE if moved(record) else ()
        inside = record.spi("in-spi")
        if inside in by_charon:
            said = _by_charon(*by_charon[inside])
            problems += _differences(record, said, "charon", ignored)
        if inside in by_kernel:
            said = _by_kernel(by_kernel[inside])
            problems += _differences(record, said, "the kernel", ignored)
    return problems
