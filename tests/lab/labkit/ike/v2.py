# SPDX-License-Identifier: GPL-2.0-or-later
"""The crafted peer in IKEv2: an IKE_SA that it has initiated, and its requests."""

import os

from . import bodies, crypto, message, numbers
from .association import Association
from .draft import Draft, open2, seal2
from .keys import V2Keys, v2_auth
from .message import Header, Payload, WireError
from .numbers import EXCHANGES, NOTIFIES, P2
from .v2answers import Answers

IKE_PROPOSAL = ("aes128", "prfsha256", "sha256", "x25519")
ESP_PROPOSAL = "aes128-sha256-x25519"


class V2Association(Answers, Association):
    """An IKE_SA of IKEv2."""

    version = 2

    def __init__(self, link, about, stray):
        super().__init__(link, about, stray)
        self.mid = 0
        # what a response, by its message ID, is for
        self.pending = {}

    # --- sending ---------------------------------------------------------------

    def draft(self, exchange, payloads, mid=None, flags=numbers.V2_INITIATOR):
        """A request, unless flags say otherwise."""
        return Draft(Header(self.spi_i, self.spi_r, 0, 2, EXCHANGES[2][exchange], flags,
                            self.mid if mid is None else mid), payloads)

    def seal(self, draft):
        """The packets of a draft."""
        return seal2(draft, self.keys or V2Keys.random())

    def _ask(self, draft):
        """Sends a request and waits for its response."""
        mid = draft.header.mid
        packets = self.seal(draft)
        for packet in packets:
            self.out(packet, numbers.name_of(EXCHANGES[2], draft.header.exchange))
        self._sent.append((mid, packets))
        return self.pick(f"a response to message {mid}",
                         lambda one: one.header.response and one.header.mid == mid)

    def probe(self):
        """Has an empty INFORMATIONAL answered."""
        self._ask(self.draft_info({}))

    # --- receiving -------------------------------------------------------------

    def take(self, header, rest, packet, port):
        """Takes what has come: a response goes to the inbox, a request is answered."""
        payloads = self._payloads(header, rest, packet)
        notifies = [bodies.notified(one.body)[0] for one in payloads
                    if one.kind == P2.NOTIFY]
        found = self.came(header, payloads, packet, notifies)
        if not header.response:
            self.answer(found, port)
            return
        self.inbox.append(found)
        if header.mid == self.mid and header.version == 2:
            self.mid += 1
        self._seen.setdefault(header.mid, packet)
        follow = self.pending.pop(header.mid, None)
        if follow and not found.errors():
            follow(found)

    def _payloads(self, header, rest, packet):
        if header.first != P2.SK:
            return message.parse_chain(header.first, rest)[0]
        opened = open2(packet, self.keys) if self.keys else None
        if not opened:
            raise WireError(f"a message that cannot be decrypted: {header}")
        return message.parse_chain(*opened)[0]

    def answers(self, message, mid, word):
        """Whether a message is the one that may say that word."""
        return message.header.response and message.header.mid == mid

    # --- connecting ------------------------------------------------------------

    def _play_connect(self, line):
        self.port = int(line.options.get("port", "500"))
        exchange, nonce = crypto.X25519(), os.urandom(32)
        found = self._ask(self._init(exchange, nonce))
        if found.errors():
            raise WireError(f"charon refuses: {self.describe(found)}")
        self._derive(found, exchange, nonce)
        if line.options.get("stop") == "init":
            return
        # what AUTH signs is the first message, as it was sent
        proof = self._proof(line, self._sent[-1][1][0], found)
        draft = self._draft_auth(line, proof)
        mid, packets = draft.header.mid, self.seal(draft)
        self.out(packets[0], "IKE_AUTH")
        self.reply(line.reply or "ok", mid)

    def _init(self, exchange, nonce):
        draft = self.draft("IKE_SA_INIT", [
            Payload(P2.SA, bodies.security_association(numbers.IKE, b"", IKE_PROPOSAL)),
            Payload(P2.KE, bodies.key_exchange(exchange.group, exchange.public)),
            Payload(P2.NONCE, nonce),
            Payload(P2.NOTIFY, bodies.notify(NOTIFIES[2]["FRAGMENTATION_SUPPORTED"]))])
        draft.protected = False
        return draft

    def _derive(self, found, exchange, nonce):
        self.spi_r = found.header.spi_r
        _, public = bodies.offered_key(message.body(found.payloads, P2.KE))
        nonces = nonce + message.body(found.payloads, P2.NONCE)
        self.keys = V2Keys.derive(exchange.shared(public), nonces, self.spi_i + self.spi_r)

    def _proof(self, line, packet, found):
        psk = line.options.get("psk", self.about.psk).encode()
        return v2_auth(psk, packet, message.body(found.payloads, P2.NONCE),
                       self.keys.sk_pi, bodies.identity(self.about.local_id))

    def _draft_auth(self, line, proof):
        payloads = [Payload(P2.IDI, bodies.identity(self.about.local_id)),
                    Payload(P2.IDR, bodies.identity(self.about.remote_id)),
                    Payload(P2.AUTH, bodies.auth(proof))]
        if line.options.get("eap"):
            # who sends no AUTH wants to do EAP (RFC 7296 section 2.16)
            payloads.pop()
        if line.options.get("child") != "no":
            spi = self._new_spi(self.mid)
            payloads += self._sa_and_ts(spi, "aes128-sha256", self.about.local_net)
        return self.draft("IKE_AUTH", payloads)

    def _new_spi(self, mid):
        """An SPI for a CHILD_SA, which is there when the response has come."""
        spi = os.urandom(4)

        def follow(found):
            body = message.first(found.payloads, P2.SA)
            if body:
                self.children[spi] = bodies.proposed(body.body)[1]

        self.pending[mid] = follow
        return spi

    def _sa_and_ts(self, spi, esp, network):
        names = esp.split("-") + ["noesn"]
        return [Payload(P2.SA, bodies.security_association(numbers.ESP, spi, names)),
                Payload(P2.TSI, bodies.selectors(network)),
                Payload(P2.TSR, bodies.selectors(self.about.remote_net))]

    # --- requests, by the names that scenarios have for them --------------------

    def draft_init(self, _options):
        """IKE_SA_INIT, of which nothing is to come."""
        draft = self._init(crypto.X25519(), os.urandom(32))
        draft.header.spi_r = bytes(8)
        return draft

    def draft_child(self, options):
        """CREATE_CHILD_SA of a new CHILD_SA."""
        esp = options.get("esp", ESP_PROPOSAL)
        payloads = self._sa_and_ts(self._new_spi(self.mid), esp,
                                   options.get("ts", self.about.local_net))
        payloads.insert(1, Payload(P2.NONCE, os.urandom(32)))
        group = options.get("ke", next((one for one in esp.split("-")
                                        if one in crypto.GROUPS), None))
        if group:
            exchange = crypto.GROUPS[group]()
            payloads.insert(2, Payload(P2.KE, bodies.key_exchange(exchange.group,
                                                                  exchange.public)))
        return self.draft("CREATE_CHILD_SA", payloads)

    def draft_rekey(self, options):
        """CREATE_CHILD_SA that rekeys the oldest CHILD_SA, or an unknown one."""
        draft = self.draft_child(options)
        spi = os.urandom(4) if options.get("of") == "unknown" else next(iter(self.children))
        draft.payloads.insert(0, Payload(P2.NOTIFY, bodies.notify(
            NOTIFIES[2]["REKEY_SA"], spi=spi)))
        return draft

    def draft_info(self, _options):
        """An empty INFORMATIONAL."""
        return self.draft("INFORMATIONAL", [])

    def draft_delete(self, options):
        """INFORMATIONAL that deletes the oldest CHILD_SA, an unknown one, or the IKE_SA."""
        which = options.get("of", "child")
        spis = {"ike": [], "unknown": [os.urandom(4)], "child": list(self.children)[:1]}[which]

        def follow(_found):
            for spi in spis:
                self.children.pop(spi, None)

        self.pending[self.mid] = follow
        return self.draft("INFORMATIONAL", [Payload(P2.DELETE, bodies.delete(spis))])

    def draft_auth(self, _options):
        """IKE_AUTH, where that has been done."""
        return self.draft("IKE_AUTH", [
            Payload(P2.IDI, bodies.identity(self.about.local_id)),
            Payload(P2.AUTH, bodies.auth(os.urandom(32)))] + self._sa_and_ts(
                os.urandom(4), "aes128-sha256", self.about.local_net))
