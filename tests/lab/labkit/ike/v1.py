# SPDX-License-Identifier: GPL-2.0-or-later
"""The crafted peer in IKEv1: an IKE_SA that it has initiated, and its Quick Modes."""

import dataclasses
import os

from . import bodies1, crypto, flaws, message, numbers
from .association import Association
from .draft import Draft, seal1
from .keys import V1Keys
from .message import Header, Payload, WireError
from .numbers import EXCHANGES, NOTIFIES, P1

QUICK = EXCHANGES[1]["QUICK_MODE"]
ESP_PROPOSAL = "aes128-sha256-x25519"


@dataclasses.dataclass
class Exchange:
    """One exchange under an IKE_SA that has keys."""

    iv: bytes
    # of a Quick Mode: whether it is ours, nonces, our SPI, whether QM3 goes by itself
    ours: bool = True
    nonce_i: bytes = b""
    nonce_r: bytes = b""
    spi: bytes = b""
    third: bool = True
    # the last packet that came
    last: bytes = b""


class V1Association(Association):
    """An IKE_SA of IKEv1."""

    version = 1

    def __init__(self, link, about, stray):
        super().__init__(link, about, stray)
        # of main mode, whose message ID is 0; all others by theirs
        self._iv = b""
        self._exchanges = {}
        self._sequence = 1

    # --- sending ---------------------------------------------------------------

    def _draft(self, exchange, payloads, mid=0):
        return Draft(Header(self.spi_i, self.spi_r, 0, 1, EXCHANGES[1][exchange], 0, mid),
                     payloads)

    def _phase2(self, exchange, payloads):
        """The first message of an exchange under the IKE_SA."""
        mid = int.from_bytes(os.urandom(4), "big") or 1
        draft = self._draft(exchange, payloads, mid)
        keys = self.keys or V1Keys.random()
        draft.hash = lambda rest: keys.hash1(mid, rest)
        return draft

    def _exchange(self, mid):
        """The exchange with a message ID, made when there is none."""
        if mid not in self._exchanges:
            # RFC 2409 appendix B; before there is a last block of main mode, anything
            iv = crypto.sha256(self._iv, mid.to_bytes(4, "big"))[:crypto.BLOCK]
            self._exchanges[mid] = Exchange(iv)
        return self._exchanges[mid]

    def seal(self, draft):
        """The packet of a draft, in a list."""
        keys = self.keys or V1Keys.random()
        exchange = self._exchange(draft.header.mid)
        packet, exchange.iv = seal1(draft, keys, exchange.iv)
        return [packet]

    def probe(self):
        """Has a dead peer detection answered."""
        draft = self.draft_dpd({})
        self.out(self.seal(draft)[0], "R_U_THERE")
        self.pick("R_U_THERE_ACK",
                  lambda one: NOTIFIES[1]["R_U_THERE_ACK"] in one.notifies)

    def _play_send(self, line):
        super()._play_send(line)
        # there is no answer that could say that it is gone
        if line.what == "delete" and not line.flaws and not line.options:
            self.children.pop(next(iter(self.children)))

    # --- receiving -------------------------------------------------------------

    def take(self, header, rest, packet, port):
        """Takes what has come: it goes on with an exchange, or begins one."""
        if header.mid and self._exchange(header.mid).last == packet:
            self.link.note("<- the same packet again", packet)
            return
        payloads = self._payloads(header, rest)
        notifies = [bodies1.notified(one.body)[0] for one in payloads
                    if one.kind == P1.NOTIFY]
        found = self.came(header, payloads, packet, notifies)
        if header.mid:
            self._exchange(header.mid).last = packet
        if header.exchange == QUICK and payloads:
            self._quick(found)
        elif not self._routine(found):
            self.inbox.append(found)

    def _payloads(self, header, rest):
        if not header.flags & numbers.V1_ENCRYPTED:
            return message.parse_chain(header.first, rest)[0]
        iv = self._exchange(header.mid).iv if header.mid else self._iv
        text = crypto.decrypt(self.keys.cipher, iv, rest)
        try:
            payloads = message.parse_chain(header.first, text)[0]
        except WireError:
            # when both have not the same key there is no more to be known
            self.link.note("cannot be decrypted")
            return []
        if header.mid:
            self._exchange(header.mid).iv = rest[-crypto.BLOCK:]
        else:
            self._iv = rest[-crypto.BLOCK:]
        return payloads

    def _routine(self, found):
        """Answers dead peer detection, and heeds deletes; whether it was such."""
        if NOTIFIES[1]["R_U_THERE"] in found.notifies:
            data = bodies1.notified(message.body(found.payloads, P1.NOTIFY))[2]
            self._inform(self._dpd("R_U_THERE_ACK", data))
            return True
        for payload in found.payloads:
            if payload.kind == P1.DELETE:
                theirs = bodies1.deleted(payload.body)[1]
                self.children = {own: other for own, other in self.children.items()
                                 if other not in theirs}
        return any(payload.kind == P1.DELETE for payload in found.payloads)

    def _inform(self, payload):
        self.out(self.seal(self._phase2("INFORMATIONAL", [payload]))[0], "INFORMATIONAL")

    def answers(self, message, mid, word):
        """Whether a message is the one that may say that word."""
        return bool(message.notifies) or (word == "ok" and message.header.mid == mid)

    # --- connecting ------------------------------------------------------------

    def _ask(self, exchange, payloads):
        """Sends a message of main mode in the clear, and waits for the other's."""
        draft = self._draft(exchange, payloads)
        draft.protected = False
        self.out(draft.plain(), exchange)
        return self._main()

    def _main(self):
        return self.pick("a message of main mode",
                         lambda one: one.header.exchange == EXCHANGES[1]["ID_PROT"])

    def _play_connect(self, line):
        self.port = int(line.options.get("port", "500"))
        group = crypto.X25519()
        offer = bodies1.phase1(group.name)
        found = self._ask("ID_PROT", [Payload(P1.SA, offer)] + [
            Payload(P1.VENDOR, vendor) for vendor in bodies1.VENDORS])
        self.spi_r = found.header.spi_r
        if line.options.get("stop") == "2":
            return
        nonce = os.urandom(32)
        found = self._ask("ID_PROT", [Payload(P1.KE, group.public), Payload(P1.NONCE, nonce)])
        publics = group.public + message.body(found.payloads, P1.KE)
        nonces = nonce + message.body(found.payloads, P1.NONCE)
        self._derive(line, group, publics, nonces)
        if line.options.get("stop") == "4":
            return
        self._authenticate(line, publics, offer)

    def _derive(self, line, group, publics, nonces):
        psk = line.options.get("psk", self.about.psk).encode()
        secret = group.shared(publics[len(group.public):])
        self.keys = V1Keys.derive(psk, secret, nonces, self.spi_i + self.spi_r)
        self._iv = crypto.sha256(publics)[:crypto.BLOCK]

    def _authenticate(self, line, publics, offer):
        identity = bodies1.identity(self.about.local_id)
        draft = self._draft("ID_PROT", [Payload(P1.ID, identity), Payload(
            P1.HASH, crypto.prf(self.keys.skeyid, publics, self.spi_i, self.spi_r, offer,
                                identity))])
        packet, self._iv = seal1(draft, self.keys, self._iv)
        self.out(packet, "ID_PROT")
        if line.reply and line.reply != "ok":
            self.reply(line.reply, 0)
            return
        message.body(self._main().payloads, P1.HASH)
        if line.options.get("child") != "no":
            draft = self.draft_quick({})
            self.out(self.seal(draft)[0], "quick")
            self.reply("ok", draft.header.mid)

    # --- Quick Mode --------------------------------------------------------------

    def _ids(self, network):
        return [Payload(P1.ID, bodies1.subnet(network)),
                Payload(P1.ID, bodies1.subnet(self.about.remote_net))]

    def draft_quick(self, options):
        """QM1; QM3 follows when QM2 has come."""
        esp = options.get("esp", ESP_PROPOSAL).split("-")
        spi, nonce = os.urandom(4), os.urandom(32)
        payloads = [Payload(P1.SA, bodies1.phase2(spi, esp)), Payload(P1.NONCE, nonce)]
        group = options.get("ke", esp[-1])
        if group in crypto.GROUPS:
            payloads.append(Payload(P1.KE, crypto.GROUPS[group]().public))
        draft = self._phase2("QUICK_MODE", payloads + self._ids(
            options.get("ts", self.about.local_net)))
        exchange = self._exchange(draft.header.mid)
        exchange.nonce_i, exchange.spi = nonce, spi
        exchange.third = options.get("third") != "no"
        return draft

    def draft_third(self, _options):
        """QM3 of the last Quick Mode that has got its QM2."""
        mid, exchange = [(mid, one) for mid, one in self._exchanges.items() if one.nonce_r][-1]
        draft = self._draft("QUICK_MODE", [], mid)
        draft.hash = lambda _: self.keys.hash3(mid, exchange.nonce_i, exchange.nonce_r)
        return draft

    def _quick(self, found):
        """Goes on with a Quick Mode that has a message more."""
        exchange = self._exchange(found.header.mid)
        if not exchange.nonce_i:
            self._respond(found, exchange)
        elif exchange.ours:
            self._third(found, exchange)
            self.inbox.append(found)
        elif exchange.spi:
            self.link.note("a Quick Mode of the other's is complete")

    def _third(self, found, exchange):
        """QM3, when QM2 is right."""
        mid = found.header.mid
        proof, *rest = found.payloads
        if proof.body != self.keys.hash2(mid, exchange.nonce_i, message.chain(rest)[1]):
            raise WireError("HASH(2) is wrong")
        exchange.nonce_r = message.body(rest, P1.NONCE)
        self.children[exchange.spi] = bodies1.proposed(message.body(rest, P1.SA))
        if exchange.third:
            self.out(self.seal(self.draft_third({}))[0], "QM3")

    def _respond(self, found, exchange):
        """Answers QM1 as the scenario wants it, or as it should be."""
        word, value = self.next_answer()
        if word == "nothing":
            # asked again, the next answer counts
            del self._exchanges[found.header.mid]
            return
        if numbers.is_notify(1, word):
            self._inform(Payload(P1.NOTIFY, bodies1.notify(numbers.notify_number(1, word))))
            return
        draft = self._second(found, exchange)
        if word != "ok":
            flaws.apply(1, draft, [(word, value)])
        self.out(self.seal(draft)[0], f"QM2 {word}")

    def _second(self, found, exchange):
        """QM2."""
        mid = found.header.mid
        exchange.ours, exchange.spi = False, os.urandom(4)
        exchange.nonce_i = message.body(found.payloads, P1.NONCE)
        proposal = message.body(found.payloads, P1.SA)
        self.children[exchange.spi] = bodies1.proposed(proposal)
        payloads = [Payload(P1.SA, bodies1.accepted(proposal, exchange.spi)),
                    Payload(P1.NONCE, os.urandom(32))]
        if message.first(found.payloads, P1.KE):
            payloads.append(Payload(P1.KE, crypto.X25519().public))
        payloads += [one for one in found.payloads if one.kind == P1.ID]
        draft = self._draft("QUICK_MODE", payloads, mid)
        draft.hash = lambda rest: self.keys.hash2(mid, exchange.nonce_i, rest)
        return draft

    # --- INFORMATIONAL -----------------------------------------------------------

    def _dpd(self, kind, data):
        return Payload(P1.NOTIFY, bodies1.notify(
            NOTIFIES[1][kind], data, numbers.IKE, self.spi_i + self.spi_r))

    def draft_dpd(self, _options):
        """R_U_THERE."""
        self._sequence += 1
        return self._phase2("INFORMATIONAL", [
            self._dpd("R_U_THERE", self._sequence.to_bytes(4, "big"))])

    def draft_notify(self, options):
        """A notify that concerns ESP."""
        number = numbers.notify_number(1, options["type"])
        return self._phase2("INFORMATIONAL", [Payload(P1.NOTIFY, bodies1.notify(number))])

    def draft_delete(self, options):
        """Deletes the oldest ESP SA, an unknown one, or the IKE_SA."""
        which = options.get("of", "child")
        if which == "ike":
            body = bodies1.delete(numbers.IKE, self.spi_i + self.spi_r)
        else:
            spi = os.urandom(4) if which == "unknown" else next(iter(self.children))
            body = bodies1.delete(numbers.ESP, spi)
        return self._phase2("INFORMATIONAL", [Payload(P1.DELETE, body)])
