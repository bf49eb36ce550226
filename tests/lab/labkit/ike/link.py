# SPDX-License-Identifier: GPL-2.0-or-later
"""The crafted peer's way to a charon: two UDP sockets, and a thread that reads them.

The thread answers what charon asks between two steps of a scenario, or charon would
take the peer for dead. Whoever touches an IKE_SA holds the lock of its link.
"""

import contextlib
import select
import socket
import threading
import time
import traceback

from ..namespace import inside
from ..shell import LabError
from .message import HEADER, Header, WireError

PORTS = (500, 4500)
# before IKE on port 4500 (RFC 3948)
MARKER = bytes(4)
PATIENCE = 60


class Link:
    """What all crafted IKE_SAs of a scenario send and receive by."""

    def __init__(self, namespace, address, peer, log):
        self.changed = threading.Condition()
        self._peer = peer
        # a line for each message
        self._log = log
        self._sas = []
        self._fault = None
        self._sockets = {}
        with inside(namespace):
            for port in PORTS:
                self._sockets[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._sockets[port].bind((address, port))
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self):
        """Ends the thread."""
        self._waker.close()
        self._thread.join()
        for sock in (self._wake, *self._sockets.values()):
            sock.close()

    def add(self, association):
        """Messages with its SPIs are an IKE_SA's from now on."""
        with self.changed:
            self._sas.insert(0, association)

    def send(self, packet, port, text):
        """Sends a message."""
        self.note(f"-> {text}", packet)
        marker = MARKER if port == 4500 else b""
        self._sockets[port].sendto(marker + packet, (self._peer, port))

    def note(self, text, packet=b""):
        """Adds to the log."""
        now = time.time()
        stamp = f"{time.strftime('%T', time.localtime(now))}.{int(now * 1000) % 1000:03}"
        dump = f" {packet.hex()}" if packet else ""
        self._log.write(f"{stamp} {text}{dump}\n")
        self._log.flush()

    def wait(self, what, condition, patience=PATIENCE):
        """Waits, the lock being held, until a condition gives something true."""
        deadline = time.monotonic() + patience
        while True:
            if self._fault:
                raise LabError(f"the crafted peer is broken: {self._fault}")
            found = condition()
            if found:
                return found
            if not self.changed.wait(deadline - time.monotonic()):
                raise LabError(f"waited {patience} s in vain for {what}")

    def _read(self):
        with contextlib.suppress(OSError):
            while True:
                ready, _, _ = select.select([self._wake, *self._sockets.values()], [], [])
                if self._wake in ready:
                    return
                for port, sock in self._sockets.items():
                    if sock in ready:
                        self._received(sock.recv(65536), port)

    def _received(self, data, port):
        if port == 4500 and data[:4] != MARKER:
            return
        packet = data[4:] if port == 4500 else data
        with self.changed:
            try:
                self._dispatch(packet, port)
            except WireError as error:
                self._fault = str(error)
            except Exception:  # pylint: disable=broad-except
                # whoever waits must hear of it
                self._fault = traceback.format_exc()
            if self._fault:
                self.note(f"FAULT {self._fault}")
            self.changed.notify_all()

    def _dispatch(self, packet, port):
        header = Header.unpack(packet)
        for association in self._sas:
            if association.owns(header):
                association.take(header, packet[HEADER.size:], packet, port)
                return
        self.note(f"<- of no IKE_SA: {header}", packet)
