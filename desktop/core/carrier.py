"""An entry of the outbox as the command that it is, over the live line or by REST."""

from __future__ import annotations

from collections.abc import Callable

from desktop.core.ports import Api, Live, OutboxEntry, Unreachable
from protocol.codec import from_plain
from protocol.commands import DeleteMessage, EditMessage, React, SendMessage, SentFile
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Message

Command = SendMessage | EditMessage | DeleteMessage | React
EVENTS = {
    SendMessage: "send_message",
    EditMessage: "edit_message",
    DeleteMessage: "delete_message",
    React: "react",
}
PROBLEMS = {
    "edit": "Your change of a message was not saved.",
    "delete": "A message was not deleted.",
    "react": "Your reaction was not saved.",
}
"""What a refusal means, by the kind of a change; the server's reason comes after it."""


class Settled(Exception):  # noqa: N818 - the state wished for, not an error
    """The message to be changed is gone already."""


class Carrier:
    """Owns the way of one command to the server and of its answer back; knows nothing of order and repetition."""

    def __init__(
        self,
        live: Live,
        api: Api,
        answer_s: float,
        *,
        find: Callable[[str], Message | None],
        may_come_back: Callable[[], bool],
    ) -> None:
        """`find` knows messages by uid, as far as they are held; others may still be sent again (core/refill.py)."""
        self._live = live
        self._api = api
        self._find = find
        self._may_come_back = may_come_back
        self._answer_s = answer_s

    async def carry(self, entry: OutboxEntry, is_connected: bool) -> Message:
        """The message as the server has it then. Raises Refused, Unreachable, Settled or msgspec.ValidationError."""
        if not is_connected:
            if entry.is_numbered:
                raise Unreachable("There is no connection.", may_have_arrived=False)
            return await self._api.send(_send(entry))
        command = self._command(entry)
        answer = await self._live.call(EVENTS[type(command)], command, self._answer_s)
        return from_plain(Message, answer.get("message"))

    def _command(self, entry: OutboxEntry) -> Command:
        """What an entry asks for."""
        match entry.kind:
            case "send":
                return _send(entry)
            case "forward":
                return SendMessage(
                    conversation_id=entry.conversation_id, uid=entry.uid, forward_of=self._target_id(entry)
                )
            case "edit":
                mentions = [*entry.mentions]
                return EditMessage(message_id=self._target_id(entry), content=entry.text, mentions=mentions)
            case "delete":
                return DeleteMessage(message_id=self._target_id(entry))
            case "react":
                return React(message_id=self._target_id(entry), emoji=entry.emoji, on=entry.on)

    def _target_id(self, entry: OutboxEntry) -> int:
        """The server's number of the message that it is about. Raises Settled, and Refused where it is not known.

        Raises Unreachable while it may become known, because messages are being sent again to a restored server.
        """
        target = self._find(entry.target_uid or "")
        if target is not None and target.deleted_at is not None and not entry.is_message:
            raise Settled
        number = entry.target_id if target is None else target.message_id
        if number is None and self._may_come_back():
            raise Unreachable("The message is being sent again.", may_have_arrived=False)
        if number is None:
            words = "The message is not known here any more. Open the conversation where it stands, and try again."
            raise Refused(ErrorCode.INVALID_REQUEST, words)
        return number


def _send(entry: OutboxEntry) -> SendMessage:
    """A message as it is sent."""
    files = [SentFile(file_url=one.file_url, file_name=one.file_name) for one in entry.uploaded]
    return SendMessage(
        conversation_id=entry.conversation_id,
        content=entry.text or None,
        uid=entry.uid,
        type="file" if entry.as_file and files else None,
        attachments=files,
        reply_to_uid=entry.reply_to_uid,
        mentions=[*entry.mentions],
    )
