"""Notifications of Linux desktops: org.freedesktop.Notifications 1.2 on the session's bus.

By jeepney, which keyring brings along: QtDBus cannot be told from Python that a number has no sign (uint32), and the
notification servers take nothing else.
"""

from __future__ import annotations

import asyncio
import html
import logging
import os
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, message_bus, new_method_call
from jeepney.auth import AuthenticationError
from jeepney.io.asyncio import DBusRouter, Proxy, open_dbus_connection
from jeepney.io.common import RouterClosed

from desktop.platform.notice_answers import NoticeAnswers

log = logging.getLogger(__name__)

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
_SERVER = DBusAddress(PATH, NAME, NAME)
_WITHIN_S = 5.0
_SOUND_EVERY_S = 3.0
"""One sound a burst, whatever the number of conversations in it."""
OPEN, READ, REPLY = "default", "read", "inline-reply"
_LOST = (RouterClosed, TimeoutError, OSError, EOFError)


class NoServer(Exception):  # noqa: N818 - a desktop without notifications is no error
    """There is no bus, or nobody on it who shows notifications."""


@dataclass(slots=True)
class _Shown:
    """A notification that the server shows under a number."""

    number: int
    message_id: int


class BusNotices:
    """`core.ports.Notices` by the notification server of the desktop. Owns the connection to the bus.

    What is asked for is said in order by one task, so that a later word about a conversation finds the number under
    which the server knows the earlier one.
    """

    def __init__(self, answers: NoticeAnswers, *, has_sound: Callable[[], bool]) -> None:
        """`has_sound()`: whether a burst is to be heard."""
        self._answers = answers
        self._has_sound = has_sound
        self._way = AsyncExitStack()
        self._router: DBusRouter | None = None
        self._abilities: frozenset[str] = frozenset()
        self._shown: dict[int, _Shown] = {}
        self._jobs: asyncio.Queue[Callable[[], Coroutine[Any, Any, None]]] = asyncio.Queue()
        self._heard: asyncio.Queue[Message] = asyncio.Queue(256)
        self._sounded_s = -_SOUND_EVERY_S
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self, bus: str = "SESSION") -> None:
        """Learn what the server can do, and hear what people do. Raises NoServer. `bus` as jeepney names it."""
        try:
            async with asyncio.timeout(_WITHIN_S):
                # Not jeepney's `open_dbus_router`, which leaves the connection open where the bus was lost.
                connection = await self._way.enter_async_context(await open_dbus_connection(bus))
                router = DBusRouter(connection)
                self._router = await self._way.enter_async_context(router)
                reply = await self._ask("GetCapabilities")
        except (*_LOST, AuthenticationError, KeyError, RuntimeError) as error:
            await self.close()
            raise NoServer(f"no bus: {error}") from error
        if reply is None:
            await self.close()
            raise NoServer("nobody on the bus shows notifications")
        self._abilities = frozenset(reply[0])
        rule = MatchRule(type="signal", interface=NAME, path=PATH)
        await Proxy(message_bus, router).AddMatch(rule)
        router.filter(rule, queue=self._heard)
        self._tasks = [asyncio.create_task(self._say()), asyncio.create_task(self._hear())]

    async def close(self) -> None:
        """Say what is still to be said (the last withdrawals), and leave the bus."""
        if self._tasks:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._jobs.join(), 1.0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(*_LOST):
            await self._way.aclose()

    def show(self, conversation_id: int, title: str, text: str, count: int, message_id: int) -> None:
        """Show one in the place of the conversation's earlier one."""
        self._jobs.put_nowait(partial(self._notify, conversation_id, title, text, count, message_id))

    def withdraw(self, conversation_id: int) -> None:
        """Take the conversation's away."""
        self._jobs.put_nowait(partial(self._close, conversation_id))

    async def _notify(self, conversation_id: int, title: str, text: str, count: int, message_id: int) -> None:
        """Have the server show it."""
        known = self._shown.get(conversation_id)
        can = self._abilities
        summary = f"{title} ({count})" if count > 1 else title
        # Servers with this ability read markup, the others show every character.
        body = html.escape(text, quote=False) if "body-markup" in can else text
        actions = [OPEN, "Open", *([REPLY, "Reply"] if REPLY in can else []), READ, "Mark as read"]
        hints = {"desktop-entry": ("s", "hearth"), "category": ("s", "im.received"), **self._sound()}
        said = ("Hearth", known.number if known else 0, "hearth", summary, body)
        more = (actions if "actions" in can else [], hints, -1)
        answer = await self._ask("Notify", "susssasa{sv}i", (*said, *more))
        if answer is not None:
            self._shown[conversation_id] = _Shown(answer[0], message_id)

    async def _close(self, conversation_id: int) -> None:
        """Have the server take it away."""
        known = self._shown.pop(conversation_id, None)
        if known is not None:
            await self._ask("CloseNotification", "u", (known.number,))

    def _sound(self) -> dict[str, tuple[str, object]]:
        """A sound at the beginning of a burst, where it is wished."""
        now_s = time.monotonic()
        if not self._has_sound() or now_s - self._sounded_s < _SOUND_EVERY_S:
            return {"suppress-sound": ("b", True)}
        self._sounded_s = now_s
        return {"sound-name": ("s", "message-new-instant")}

    async def _say(self) -> None:
        """Until cancelled, say one thing after the other."""
        while True:
            job = await self._jobs.get()
            try:
                await asyncio.wait_for(job(), _WITHIN_S)
            except _LOST as error:
                log.info("a notification could not be told: %s", error)
            except Exception:
                log.exception("a notification could not be told")
            finally:
                self._jobs.task_done()

    async def _ask(self, method: str, signature: str = "", body: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
        """What the server answers; None where it refuses, or is not there."""
        if self._router is None:
            return None
        reply = await self._router.send_and_get_reply(new_method_call(_SERVER, method, signature or None, body))
        if reply.header.message_type is MessageType.method_return:
            answer: tuple[Any, ...] = reply.body
            return answer
        log.info("the notification server refuses %s: %s", method, reply.body)
        return None

    async def _hear(self) -> None:
        """Until cancelled, pass on what people do."""
        while True:
            signal = await self._heard.get()
            try:
                self._follow(signal.header.fields[HeaderFields.member], *signal.body)
            except Exception:
                log.exception("what was done with a notification could not be followed")

    def _follow(self, what: str, number: int, more: object = None) -> None:
        """One signal of the server, which tells everybody of everybody's notifications."""
        found = next((one for one in self._shown.items() if one[1].number == number), None)
        if found is None:
            return
        conversation_id, shown = found
        match what:
            case "NotificationClosed":
                # Cleared away or out of time: what comes next is a new one.
                del self._shown[conversation_id]
            case "ActivationToken":
                # Wayland lets a window come to the front by this token alone; Qt takes it from here.
                os.environ["XDG_ACTIVATION_TOKEN"] = str(more)
            case "NotificationReplied" if str(more).strip():
                self._answers.replied(conversation_id, str(more))
            case "ActionInvoked" if more == OPEN:
                self._answers.opened(conversation_id, shown.message_id)
            case "ActionInvoked" if more == READ:
                self._answers.read(conversation_id, shown.message_id)
            case _:
                pass
