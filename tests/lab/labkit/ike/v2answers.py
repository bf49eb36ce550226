# SPDX-License-Identifier: GPL-2.0-or-later
"""The crafted peer in IKEv2: how it answers what a charon asks."""

import os

from . import bodies, crypto, flaws, message, numbers
from .message import Payload
from .numbers import EXCHANGES, NOTIFIES, P2

RESPONSE = numbers.V2_INITIATOR | numbers.V2_RESPONSE
# the only exchanges that a scenario can have answered otherwise than right
KINDS = {EXCHANGES[2]["CREATE_CHILD_SA"]: "child", EXCHANGES[2]["INFORMATIONAL"]: "info"}


class Answers:
    """The responder's part of V2Association."""

    # which kind of request the answers of the scenario are for
    _kind = None

    def _play_answer(self, line):
        super()._play_answer(line)
        self._kind = line.what

    def answer(self, request, port):
        """Answers a request as the scenario wants it, or as it should be."""
        mid, packets = self.answered[-1]
        if mid == request.header.mid:
            self._respond(packets, port, "the same answer")
            return
        word, value = ("ok", None)
        if KINDS.get(request.header.exchange) == self._kind:
            word, value = self.next_answer()
        if word == "nothing":
            return
        draft = self._draft_answer(request, word, value)
        is_flaw = word != "ok" and not numbers.is_notify(2, word)
        if is_flaw:
            flaws.apply(2, draft, [(word, value)])
        packets = self.seal(draft)
        # who gets a flawed answer asks again
        if not is_flaw:
            self.answered.append((request.header.mid, packets))
        self._respond(packets, port, f"answer {word}")

    def _respond(self, packets, port, text):
        self.port, old = port, self.port
        for packet in packets:
            self.out(packet, text)
        self.port = old

    def _draft_answer(self, request, word, value):
        if numbers.is_notify(2, word):
            number = numbers.notify_number(2, word)
            payloads = [Payload(P2.NOTIFY, bodies.notify(number, _data(value)))]
        elif request.header.exchange == EXCHANGES[2]["CREATE_CHILD_SA"]:
            payloads = self._child_payloads(request)
        else:
            payloads = self._info_payloads(request)
        exchange = numbers.name_of(EXCHANGES[2], request.header.exchange)
        return self.draft(exchange, payloads, request.header.mid, RESPONSE)

    def _child_payloads(self, request):
        proposal = message.body(request.payloads, P2.SA)
        protocol, other = bodies.proposed(proposal)
        if protocol == numbers.IKE:
            # rekeying itself is more than this peer can do
            return [Payload(P2.NOTIFY, bodies.notify(NOTIFIES[2]["NO_ADDITIONAL_SAS"]))]
        # who asks again has one CHILD_SA of it in the end
        self.children = {own: its for own, its in self.children.items() if its != other}
        spi = os.urandom(4)
        self.children[spi] = other
        offer = message.first(request.payloads, P2.KE)
        group = bodies.offered_key(offer.body)[0] if offer else 0
        payloads = [Payload(P2.SA, bodies.accepted(proposal, spi, group)),
                    Payload(P2.NONCE, os.urandom(32))]
        if group:
            exchange = next(one for one in crypto.GROUPS.values() if one.group == group)()
            payloads.append(Payload(P2.KE, bodies.key_exchange(group, exchange.public)))
        return payloads + [one for one in request.payloads if one.kind in (P2.TSI, P2.TSR)]

    def _info_payloads(self, request):
        gone = []
        for payload in request.payloads:
            if payload.kind == P2.DELETE:
                theirs = bodies.deleted(payload.body)[1]
                gone += [own for own, other in self.children.items() if other in theirs]
        for spi in gone:
            del self.children[spi]
        return [Payload(P2.DELETE, bodies.delete(gone))] if gone else []


def _data(value):
    """What goes with a notify: the number of a group, or bytes in hexadecimal."""
    if value in crypto.GROUPS:
        return crypto.GROUPS[value].group.to_bytes(2, "big")
    return bytes.fromhex(value or "")
