# SPDX-License-Identifier: GPL-2.0-or-later
"""What every scenario starts from: the two gateways' networks and settings."""

GATEWAYS = ("moon", "sun")

# outer, second outer (MOBIKE), inner addresses
ADDRESSES = {
    "moon": {
        "outer": ["192.0.2.1", "2001:db8::1"],
        "second": ["192.0.2.11", "2001:db8::11"],
        "inner": ["10.1.0.1/16", "fd01::1/64"],
    },
    "sun": {
        "outer": ["192.0.2.2", "2001:db8::2"],
        "second": ["192.0.2.12", "2001:db8::12"],
        "inner": ["10.2.0.1/16", "fd02::1/64"],
    },
}

# what the gateways, and only they, know
SECRET = "a secret of the lab"

DAEMONS = {
    "charon": "/usr/lib/ipsec/charon",
    "charon-systemd": "/usr/sbin/charon-systemd",
}

# plugins of the stock packages that no scenario uses; loading them is half of
# the time that an emulated charon needs to start
UNUSED_PLUGINS = (
    "test-vectors ldap pkcs11 rc2 md5 rdrand pgp dnskey sshkey gcrypt af-alg agent "
    "curl connmark forecast farp stroke eap-aka eap-gtc eap-radius eap-tls eap-ttls "
    "eap-tnc xauth-pam tnc-tnccs dhcp lookip error-notify led addrblock unity counters "
    "bypass-lan ha certexpire coupling radattr systime-fix"
).split()


# over the settings of swanctl(): what libreswan can do as well, with both IKE versions
FOREIGN = [
    ("connections.gw.proposals", "aes128-sha256-modp2048"),
    ("connections.gw.children.net.esp_proposals", "aes128-sha256-modp2048"),
]

# loaded before kernel-netlink, which has the rest
LIBIPSEC = [("charon.plugins.kernel-libipsec.load", "10")]


def peer(name):
    """The other gateway."""
    return GATEWAYS[1 - GATEWAYS.index(name)]


def addresses(name):
    """All outer addresses that a gateway may use."""
    return ADDRESSES[name]["outer"] + ADDRESSES[name]["second"]


def swanctl(name, version):
    """swanctl.conf of a gateway, as (key, value)."""
    other = peer(name)
    conn = "connections.gw"
    return [
        (f"{conn}.version", str(version)),
        (f"{conn}.local_addrs", ADDRESSES[name]["outer"][0]),
        (f"{conn}.remote_addrs", ADDRESSES[other]["outer"][0]),
        (f"{conn}.proposals", "aes128-sha256-x25519"),
        (f"{conn}.local.auth", "psk"),
        (f"{conn}.local.id", f"{name}.example.org"),
        (f"{conn}.remote.auth", "psk"),
        (f"{conn}.remote.id", f"{other}.example.org"),
        (f"{conn}.children.net.local_ts", network(name)),
        (f"{conn}.children.net.remote_ts", network(other)),
        (f"{conn}.children.net.esp_proposals", "aes128-sha256-x25519"),
        ("secrets.ike-lab.secret", f'"{SECRET}"'),
    ]


def network(name):
    """The IPv4 network behind a gateway."""
    return {"moon": "10.1.0.0/16", "sun": "10.2.0.0/16"}[name]


def strongswan(socket, status, log):
    """strongswan.conf of a gateway, as (key, value)."""
    charon = "charon"
    settings = [
        (f"{charon}.load_modular", "yes"),
        # an emulated peer may need seconds to answer
        (f"{charon}.retransmit_timeout", "8.0"),
        (f"{charon}.retransmit_base", "1.0"),
        (f"{charon}.retransmit_tries", "3"),
        (f"{charon}.delete_rekeyed_delay", "1"),
        (f"{charon}.filelog.lab.path", log),
        (f"{charon}.filelog.lab.time_format", "%T"),
        (f"{charon}.filelog.lab.time_add_ms", "yes"),
        (f"{charon}.filelog.lab.flush_line", "yes"),
        (f"{charon}.filelog.lab.default", "1"),
        (f"{charon}.plugins.vici.socket", f"unix://{socket}"),
        (f"{charon}.plugins.qm-audit.success", "yes"),
        (f"{charon}.plugins.qm-audit.failure", "yes"),
        # each bad packet is to have a record of its own
        (f"{charon}.plugins.qm-audit.flood_source_rate", "0"),
        # its /run is not that of who asks
        (f"{charon}.plugins.qm-audit.status_socket", status),
        ("swanctl.socket", f"unix://{socket}"),
        ("swanctl.load", "random openssl"),
    ]
    unused = [(f"{charon}.plugins.{name}.load", "no") for name in UNUSED_PLUGINS]
    return settings + unused
