"""The short way of an event: from the text of its packet, past python-socketio's packets, to its acknowledgement.

Nine of ten events are `send_message`. It is decoded from the text straight into its command where it is spelled as our
desktop spells it, does not wait for its commit (what a connection sends meanwhile goes into the same batch), and is
acknowledged when the batch is on disk. Decision 0016 has the measurements.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Raw

from protocol.codec import decode, dumps, loads
from protocol.commands import SendMessage, SentFile
from server.services.refusals import not_yourself_if
from server.socket.commands import SEND
from server.socket.connections import Connection
from server.socket.wire import ack_frame

if TYPE_CHECKING:
    from server.services.house import House
    from server.services.posting import Posted
    from server.socket.commands import Commands
    from server.socket.publisher import Publisher

UNANSWERED_MAX = 256
"""Sends of one connection that wait for their commit; beyond, its next event waits for all of them."""
_DIGITS_MAX = 19
"""Of an acknowledgement's number; honest clients count from 0."""
_HOT = '["send_message",{'


class Event(NamedTuple):
    """One event of a client. `number` is its acknowledgement's, `command` is there when it was decoded already."""

    number: int | None
    name: Any
    given: Any
    command: SendMessage | None = None


class _Hot(SendMessage, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A send in snake_case with numbers for ids and without files; any other goes the long way, to the same end."""

    attachments: Annotated[list[SentFile], Meta(max_length=0)] = msgspec.field(default_factory=list)


_hot = msgspec.json.Decoder(tuple[Literal["send_message"], _Hot])


def read_event(text: str) -> Event | None:
    """The event that a Socket.IO packet is (`2`, a number, and a list); None for other packets and namespaces.

    Raises Refused (`bad_json`).
    """
    start = text.find("[", 1, _DIGITS_MAX + 2)
    digits = text[1:start]
    if start < 0 or text[0] != "2" or not (not digits or (digits.isascii() and digits.isdigit())):
        return None
    number = int(digits) if digits else None
    if text.startswith(_HOT, start):
        try:
            return Event(number, SEND, None, _hot.decode(text[start:])[1])
        except (msgspec.DecodeError, UnicodeError):
            pass
    return named(number, loads(text[start:]))


def named(number: int | None, said: Any) -> Event:  # noqa: ANN401 - JSON
    """The event that says this list; without a name where it says none."""
    parts = [*said, None, None] if isinstance(said, list) else [None, None]
    return Event(number, parts[0], parts[1])


class Sending:
    """Sends of sockets: lined up for the writer without waiting, acknowledged after the commit."""

    def __init__(self, house: House, publisher: Publisher, commands: Commands) -> None:
        self._house = house
        self._publisher = publisher
        self._commands = commands

    def send(self, connection: Connection, event: Event) -> None:
        """Take one `send_message`; waits only for those of this connection, when too many are under way."""
        if connection.unanswered >= UNANSWERED_MAX:
            connection.settle()
        connection.unanswered += 1
        user_id = connection.actor.user_id
        try:
            command = event.command or decode(SendMessage, event.given)
            not_yourself_if(user_id, command.sender_id, "sender_id")
            self._house.sending.take(user_id)
            self._house.messages.post_later(connection.actor, command, partial(self._answer, connection, event))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets its acknowledgement
            self._answer(connection, event, error)

    def _answer(self, connection: Connection, event: Event, outcome: Posted | Exception) -> None:
        """Tell the sender; called in the hub's thread, in the order of commits, before anybody is told the message."""
        connection.answered()
        answer: Any
        if isinstance(outcome, Exception):
            given = event.given if event.command is None else {"uid": event.command.uid}
            answer = self._commands.refuse(connection, SEND, given, outcome)
        else:
            # In one spelling the message is the same bytes in the echo and in the acknowledgement.
            message = connection.spelled(outcome.message)
            told = Raw(dumps(message))
            self._publisher.tell(connection, "message_sent", told)
            answer = {"ok": True, "message": told}
        if event.number is not None:
            connection.push(ack_frame(event.number, answer), is_answer=True)
