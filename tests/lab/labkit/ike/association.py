# SPDX-License-Identifier: GPL-2.0-or-later
"""What a crafted IKE_SA of either version has: its SPIs, its mail, and its steps."""

import dataclasses
import os

from ..shell import LabError
from . import flaws
from .message import Header
from .numbers import EXCHANGES, NOTIFIES, name_of


@dataclasses.dataclass
class About:
    """Who the crafted peer is, and who its charon."""

    local_id: str
    remote_id: str
    psk: str
    local_net: str
    remote_net: str


@dataclasses.dataclass
class Message:
    """A message that has come, with all that could be read of it."""

    header: Header
    payloads: list
    packet: bytes
    # numbers of the notifies in it
    notifies: list

    def errors(self):
        """Its notifies that tell of an error."""
        return [number for number in self.notifies if number < 16384]


class Association:
    """One crafted IKE_SA; its lock is that of the link."""

    version = None

    def __init__(self, link, about, stray):
        self.link = link
        self.about = about
        self.spi_i = os.urandom(8)
        # a stray one claims to be there already
        self.spi_r = os.urandom(8) if stray else bytes(8)
        self.keys = None
        self.port = 500
        # what has come and nobody has asked for
        self.inbox = []
        # packets of each 'send', and those that came first for each message ID
        self._sent = []
        self._seen = {}
        # message IDs and packets of the answers that were as they should be
        self.answered = [(None, [])]
        # answers to come, and the one that stays in force
        self._answers = []
        self._always = None
        # SPIs of the ESP SAs, ours and the other's
        self.children = {}

    def owns(self, header):
        """Whether a message with that header is this IKE_SA's."""
        return header.spi_i == self.spi_i and (
            self.spi_r in (header.spi_r, bytes(8)) or header.spi_r == bytes(8))

    # --- steps -----------------------------------------------------------------

    def play(self, line):
        """Does what a line asks for, and waits for what is to come of it."""
        with self.link.changed:
            getattr(self, f"_play_{line.verb}")(line)

    def _play_answer(self, line):
        self._answers = list(line.answers)
        self._always = line.answers[-1] if line.always else ("ok", None)

    def _play_gets(self, line):
        self.pick(line.reply, lambda one: self.says(one, line.reply))

    def _play_alive(self, _line):
        self.probe()
        if self.inbox:
            came = "; ".join(self.describe(message) for message in self.inbox)
            raise LabError(f"charon has sent what nobody asked for: {came}")

    def _play_send(self, line):
        if line.what == "again":
            mid, packets = self._before(line.options)
        else:
            draft = getattr(self, f"draft_{line.what}")(line.options)
            flaws.apply(self.version, draft, line.flaws)
            mid, packets = draft.header.mid, self.seal(draft)
            self._sent.append((mid, packets))
        for packet in packets:
            self.out(packet, f"{line.what} {' '.join(word for word, _ in line.flaws)}")
        if line.reply:
            self.reply(line.reply, mid)

    def _before(self, options):
        """Message ID and packets of what has been sent before."""
        sent = self.answered if options.get("of") == "answer" else self._sent
        return sent[-1 - int(options.get("back", "0"))]

    def probe(self):
        """Returns when the other has shown that it has this IKE_SA."""
        raise NotImplementedError

    def seal(self, draft):
        """The packets of a draft."""
        raise NotImplementedError

    def next_answer(self):
        """How the next request is to be answered: a word, and the text behind '='."""
        return self._answers.pop(0) if self._answers else self._always or ("ok", None)

    # --- mail ------------------------------------------------------------------

    def out(self, packet, text):
        """Sends a packet."""
        self.link.send(packet, self.port, f"{text.strip()} ({len(packet)} bytes)")

    def came(self, header, payloads, packet, notifies):
        """Makes a message of what has come, and notes it."""
        message = Message(header, payloads, packet, notifies)
        self.link.note(f"<- {self.describe(message)}", packet)
        return message

    def describe(self, message):
        """A message in a few words."""
        names = EXCHANGES.get(self.version)
        notifies = ",".join(name_of(NOTIFIES[self.version], number)
                            for number in message.notifies)
        return (f"{name_of(names, message.header.exchange)} mid={message.header.mid:x} "
                f"flags={message.header.flags:02x} payloads="
                f"{','.join(str(int(one.kind)) for one in message.payloads)} "
                f"notifies={notifies or '-'}")

    def pick(self, what, wanted):
        """Waits for a message that is wanted, and takes it out of the inbox."""
        def found():
            return next((one for one in self.inbox if wanted(one)), None)

        message = self.link.wait(what, found)
        self.inbox.remove(message)
        return message

    def reply(self, word, mid):
        """Waits for what a word says of an answer: 'ok', 'same', or a notify's name."""
        if word == "none":
            return
        if word == "same":
            first = self._seen[mid]
            self.pick("the same answer again", lambda one: one.packet == first)
            return
        message = self.pick(f"'{word}' in answer to message {mid:x}",
                            lambda one: self.answers(one, mid, word))
        if not self.says(message, word):
            raise LabError(f"wanted {word}, charon says: {self.describe(message)}")

    def answers(self, message, mid, word):
        """Whether a message is the one that may say that word."""
        raise NotImplementedError

    def says(self, message, word):
        """Whether a message is what a word says."""
        if word == "ok":
            return not message.errors()
        number = int(word) if word.isdigit() else NOTIFIES[self.version][word]
        return number in message.notifies
