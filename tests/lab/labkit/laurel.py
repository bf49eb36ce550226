# SPDX-License-Identifier: GPL-2.0-or-later
"""laurel, a plugin of auditd that writes records as JSON: whether ours are right there."""

import json
import re
import shutil

from .shell import LabError, patiently, read, write

PLUGIN = "/etc/audit/plugins.d/laurel.conf"
OUTPUT = "/var/log/laurel/audit.log"
# as auditd has it in a log of which it says the node
LINE = re.compile(r"node=(\S+) type=CRYPTO_IPSEC_SA msg=audit\(([0-9.:]+)\): pid=(\d+) "
                  r"uid=(\d+) .*? msg='(.*)'\x1dUID=\"(\w+)\"")


def configure():
    """Has auditd run it, as its package has set it up."""
    text = read(PLUGIN)
    if "active = yes" not in text:
        raise LabError(f"{PLUGIN} does not say active = yes")
    write(PLUGIN, text)


def _written():
    """Our records as laurel has written them."""
    events = (json.loads(line) for line in read(OUTPUT).splitlines())
    return [(event["NODE"], event["ID"], str(record["pid"]), str(record["uid"]),
             record["msg"], record["UID"])
            for event in events if (record := event.get("CRYPTO_IPSEC_SA"))]


def _compare(sent):
    written = _written()
    for record in sent:
        if record not in written:
            raise LabError(f"laurel has not written {record}")
    if len(written) != len(sent):
        raise LabError(f"laurel has written {len(written)} records of {len(sent)}")


def check(log, folder):
    """What is wrong with its output, of which a copy is kept, for the records of a log."""
    sent = LINE.findall(read(log))
    if not sent:
        return [f"{log} has no record"]
    try:
        patiently(lambda: _compare(sent), 60)
    except (LabError, ValueError, KeyError) as error:
        return [f"{type(error).__name__}: {error}"]
    finally:
        shutil.copy(OUTPUT, f"{folder}/laurel.log")
    return []
