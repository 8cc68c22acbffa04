"""Events in: each is decoded, answered by one service call, and acknowledged (contract, client → server).

`send_message` is not among them: it goes the way of `fast.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol.codec import decode
from protocol.commands import (
    COMMANDS,
    DeleteMessage,
    Digest,
    EditMessage,
    JoinConversation,
    JoinUserRoom,
    LeaveConversation,
    MarkAsRead,
    MarkRead,
    React,
    SetPresence,
    Sync,
    Typing,
)
from protocol.errors import ErrorCode, Refused
from protocol.signals import Ack, MessageError
from server.services.refusals import not_yourself_if
from server.socket.connections import Connection

if TYPE_CHECKING:
    from server.services.house import House
    from server.socket.presence import Presences
    from server.socket.publisher import Publisher
    from server.socket.typists import Typists
    from server.socket.viewers import Viewers

_log = logging.getLogger(__name__)

SEND = "send_message"
Answer = Callable[[Connection, Any], Ack]


class Commands:
    """One method an event of `protocol.commands.COMMANDS` but `send_message`; owns nothing but the way to services."""

    def __init__(
        self,
        house: House,
        publisher: Publisher,
        *,
        presences: Presences,
        viewers: Viewers,
        typists: Typists,
    ) -> None:
        self._house = house
        self._publisher = publisher
        self._presences = presences
        self._viewers = viewers
        self._typists = typists
        self._answers: dict[str, Answer] = {event: getattr(self, f"_{event}") for event in {*COMMANDS} - {SEND}}

    def answer(self, connection: Connection, event: str, given: object) -> Ack:
        """The acknowledgement of one event, whatever happens."""
        try:
            command = decode(COMMANDS[event].payload, given, bare=COMMANDS[event].bare)
            for field in ("user_id", "sender_id"):
                not_yourself_if(connection.actor.user_id, getattr(command, field, None), field)
            return self._answers[event](connection, command)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets its acknowledgement (L17)
            return self.refuse(connection, event, given, error)

    def refuse(self, connection: Connection, event: str, given: object, error: Exception) -> Ack:
        """The acknowledgement of a refusal or a defect; a refused message is told as an event as well."""
        if isinstance(error, Refused):
            refusal = error
        else:
            _log.error("%s failed", event, exc_info=error)
            message = "The server could not do this; its log says why. Try again, and tell the operator if it goes on."
            refusal = Refused(ErrorCode.SERVER_ERROR, message)
        if event == SEND:
            uid = given.get("uid") if isinstance(given, dict) else None
            told = MessageError(uid=uid if isinstance(uid, str) else None, error=refusal.body())
            self._publisher.tell(connection, "message_error", told)
        return Ack(ok=False, error=refusal.body())

    def _join_user_room(self, connection: Connection, command: JoinUserRoom) -> Ack:
        connection.both_spellings = True
        return Ack(ok=True, user_id=command.user_id)

    def _join_conversation(self, connection: Connection, command: JoinConversation) -> Ack:
        active = self._viewers.join(connection, command.conversation_id)
        return Ack(ok=True, conversation_id=command.conversation_id, activeUsers=active)

    def _leave_conversation(self, connection: Connection, command: LeaveConversation) -> Ack:
        active = self._viewers.leave(connection, command.conversation_id)
        return Ack(ok=True, conversation_id=command.conversation_id, activeUsers=active)

    def _typing(self, connection: Connection, command: Typing) -> Ack:
        relay = self._typists.typing if command.is_typing else self._typists.stopped
        relay(connection, command.conversation_id)
        return Ack(ok=True, conversation_id=command.conversation_id)

    def _mark_read(self, connection: Connection, command: MarkRead) -> Ack:
        position = self._house.cursors.mark_read(connection.actor, command)
        return Ack(ok=True, conversation_id=command.conversation_id, read_position=position)

    def _mark_as_read(self, connection: Connection, command: MarkAsRead) -> Ack:
        return Ack(ok=True, read_position=self._house.cursors.mark_as_read(connection.actor, command))

    def _edit_message(self, connection: Connection, command: EditMessage) -> Ack:
        self._house.sending.take(connection.actor.user_id)
        return Ack(ok=True, message=self._house.changes.edit(connection.actor, command))

    def _delete_message(self, connection: Connection, command: DeleteMessage) -> Ack:
        self._house.sending.take(connection.actor.user_id)
        return Ack(ok=True, message=self._house.changes.delete(connection.actor, command))

    def _react(self, connection: Connection, command: React) -> Ack:
        self._house.sending.take(connection.actor.user_id)
        return Ack(ok=True, message=self._house.reactions.react(connection.actor, command))

    def _set_presence(self, connection: Connection, command: SetPresence) -> Ack:
        user_id = connection.actor.user_id
        was_hidden = self._presences.is_hidden(user_id)
        self._presences.choose(connection, command.status)
        if self._presences.is_hidden(user_id) != was_hidden:
            (self._viewers.show if was_hidden else self._viewers.hide)(user_id)
        return Ack(ok=True, user_id=user_id)

    def _sync(self, connection: Connection, command: Sync) -> Ack:
        return Ack(ok=True, synced=self._house.sync.sync(connection.actor, command))

    def _digest(self, connection: Connection, command: Digest) -> Ack:
        answer = self._house.sync.digest(connection.actor, command)
        return Ack(ok=True, stale=answer.stale, user_version=answer.user_version)
