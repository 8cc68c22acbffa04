"""What the others see of this user: which conversation is looked at, typing, and presence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from desktop.core.typists import OwnTyping
from protocol.commands import JoinConversation, LeaveConversation, SetPresence, Typing

OwnStatus = Literal["active", "away", "busy", "invisible"]


class Attention:
    """Owns where this user looks and how they want to be seen, and says both again at each connection.

    Who has chosen to be away, busy or invisible is; anybody else is active, or away while nobody touches the computer.
    """

    def __init__(self, tell: Callable[[str, Struct], None], typing_repeat_s: float) -> None:
        """`tell(event, payload)` sends what is not worth repeating, and nothing while the line is down."""
        self._tell = tell
        self._own_typing = OwnTyping(typing_repeat_s, self._tell_typing)
        self._looked_at: int | None = None
        self.chosen: OwnStatus | None = None
        """What the user wants to be seen as; None or active: as it is."""
        self._is_idle = False
        self._status: OwnStatus | None = None

    def look_at(self, conversation_id: int | None) -> None:
        """This conversation is on screen, or none is."""
        if conversation_id == self._looked_at:
            return
        left, self._looked_at = self._looked_at, conversation_id
        if left is not None:
            self._own_typing.set(left, on=False)
            self._tell("leave_conversation", LeaveConversation(conversation_id=left))
        if conversation_id is not None:
            self._tell("join_conversation", JoinConversation(conversation_id=conversation_id))

    def typing(self, conversation_id: int, on: bool) -> None:
        """A key was pressed, or the composer was emptied, sent or left."""
        self._own_typing.set(conversation_id, on)

    def set_presence(self, status: OwnStatus) -> None:
        """How one wants to be seen."""
        self.chosen = status
        self._show_status()

    def set_idle(self, idle: bool) -> None:
        """Nobody has touched the computer for a while, or somebody does again."""
        self._is_idle = idle
        self._show_status()

    def _show_status(self) -> None:
        """Tell the status that follows, if it is another one."""
        status = self.chosen
        if status in {None, "active"}:
            status = "away" if self._is_idle else status or (self._status and "active")
        if status is not None and status != self._status:
            self._status = status
            self._tell("set_presence", SetPresence(status=status))

    def say_again(self) -> None:
        """The line is new: the server knows nothing of the old one's attention."""
        if self._status is not None:
            self._tell("set_presence", SetPresence(status=self._status))
        if self._looked_at is not None:
            self._tell("join_conversation", JoinConversation(conversation_id=self._looked_at))

    def _tell_typing(self, conversation_id: int, on: bool) -> None:
        """Send one sign of typing."""
        self._tell("typing", Typing(conversation_id=conversation_id, is_typing=on))
