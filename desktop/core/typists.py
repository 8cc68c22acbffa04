"""Who types where, here and there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Typists:
    """Owns who types in which conversation; each is forgotten a while after their last sign."""

    def __init__(self, expires_s: float, changed: Callable[[int], None]) -> None:
        """`changed(conversation_id)` is told whenever somebody begins or ends."""
        self._expires_s = expires_s
        self._changed = changed
        self._timers: dict[tuple[int, int], asyncio.TimerHandle] = {}

    def of(self, conversation_id: int) -> list[int]:
        """The users who type in a conversation, the first to begin first."""
        return [user_id for place, user_id in self._timers if place == conversation_id]

    def note(self, conversation_id: int, user_id: int, is_typing: bool) -> None:
        """Somebody types, or no longer."""
        timer = self._timers.get((conversation_id, user_id))
        if timer is not None:
            timer.cancel()
        if not is_typing:
            self._end(conversation_id, user_id)
            return
        loop = asyncio.get_running_loop()
        self._timers[conversation_id, user_id] = loop.call_later(self._expires_s, self._end, conversation_id, user_id)
        if timer is None:
            self._changed(conversation_id)

    def close(self) -> None:
        """Forget everybody, telling nobody."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _end(self, conversation_id: int, user_id: int) -> None:
        """Somebody has ended, or was not heard of for long enough."""
        if self._timers.pop((conversation_id, user_id), None) is not None:
            self._changed(conversation_id)


class OwnTyping:
    """Tells others that one types: at most every few seconds while one does, and at once when one stops."""

    def __init__(self, repeat_s: float, tell: Callable[[int, bool], None]) -> None:
        """`tell(conversation_id, on)` sends the sign and does not wait."""
        self._repeat_s = repeat_s
        self._tell = tell
        self._told_at: dict[int, float] = {}

    def set(self, conversation_id: int, on: bool) -> None:
        """A key was pressed, or the composer was emptied, sent or left."""
        now = asyncio.get_running_loop().time()
        if not on:
            if self._told_at.pop(conversation_id, None) is not None:
                self._tell(conversation_id, False)
        elif now - self._told_at.get(conversation_id, -self._repeat_s) >= self._repeat_s:
            self._told_at[conversation_id] = now
            self._tell(conversation_id, True)
