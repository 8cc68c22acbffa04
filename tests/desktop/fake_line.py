"""The desktop's ports on a FakeServer (tests/desktop/doubles.py): live line, REST, and an outbox's file in memory."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from desktop.cache.local_files import measured
from desktop.core.media import kind_of, mime_of
from desktop.core.ports import (
    Arrived,
    BegunUpload,
    Broken,
    Cancelled,
    HistoryPage,
    LocalFile,
    OutboxEntry,
    Unreachable,
)
from protocol.accounts import Device, PasswordChange, ProfileChange
from protocol.codec import decode, plain
from protocol.commands import (
    COMMANDS,
    DeleteMessage,
    Digest,
    EditMessage,
    MarkRead,
    React,
    SearchQuery,
    SendMessage,
    Sync,
    Typing,
)
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Attachment, Conversation, Message, User
from protocol.signals import Connected, Found
from protocol.times import to_wire
from tests.desktop.fake_changes import CHANGES, change
from tests.desktop.fake_own import FakeOwnApi, MemoryOwnFile
from tests.desktop.fake_search import search

if TYPE_CHECKING:
    from tests.desktop.doubles import FakeServer

DEVICES_SINCE_MS = 1_795_608_000_000


class FakeLive:
    """`core.ports.Live` on a FakeServer: signals in order, acknowledgements after the deed, breaks at once."""

    def __init__(self, server: FakeServer, user_id: int) -> None:
        self.server = server
        self.user_id = user_id
        self.is_open = False
        self.latency: int | None = 12
        self.queue: asyncio.Queue[Arrived | Broken] = asyncio.Queue()
        self._broken = asyncio.Event()

    @property
    def latency_ms(self) -> int | None:
        """A fixed round trip while open."""
        return self.latency if self.is_open else None

    async def open(self) -> Connected:
        """Connect; what an earlier line has left is gone."""
        await asyncio.sleep(0)
        if not self.server.is_up:
            raise Unreachable("Nobody listens.", may_have_arrived=False)
        self.server.take_refusal("open")
        self.queue, self._broken, self.is_open = asyncio.Queue(), asyncio.Event(), True
        if self not in self.server.lives:
            self.server.lives.append(self)
        version = self.server.user_versions[self.user_id]
        return Connected(user_id=self.user_id, server_version="1", epoch=self.server.epoch, user_version=version)

    async def call(self, event: str, payload: Struct | Mapping[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
        """Do what the event asks for, then answer, unless the answer is to be lost."""
        if not self.is_open:
            raise Unreachable("not connected", may_have_arrived=False)
        broken = self._broken
        await asyncio.sleep(0)
        kind: Any = CHANGES.get(event) or COMMANDS[event].payload
        command = decode(kind, plain(payload))
        self.server.calls.append((event, command))
        if self.server.holds_answers is not None:
            await self.server.holds_answers.wait()
        self.server.take_refusal(event)
        if isinstance(command, EditMessage | DeleteMessage | React):
            answer = {"message": plain(change(self.server, self.user_id, command))}
        else:
            answer = self._do(event, command)
        if self.server.lost_answers.get(event):
            self.server.lost_answers[event] -= 1
            try:
                await asyncio.wait_for(broken.wait(), timeout_s)
            except TimeoutError:
                raise Unreachable("no answer") from None
            raise Unreachable("the line broke")
        if broken.is_set():
            raise Unreachable("the line broke")
        return {"ok": True, **answer}

    def _do(self, event: str, command: object) -> dict[str, Any]:
        """What the event does, and what its acknowledgement carries."""
        server = self.server
        match command:
            case SendMessage():
                return {"message": plain(server.send(self.user_id, command))}
            case Sync():
                return {"synced": plain(server.sync(self.user_id, command))}
            case Digest():
                own = server.user_versions[self.user_id]
                return {"stale": server.digest(self.user_id, command), "user_version": own}
            case MarkRead(conversation_id=conversation_id, position=position):
                everything = len(server.conversations[conversation_id].messages)
                reached = server.read(self.user_id, conversation_id, everything if position is None else position)
                return {"conversation_id": conversation_id, "read_position": reached}
            case Typing(conversation_id=conversation_id, is_typing=is_typing):
                server.type(self.user_id, conversation_id, on=is_typing)
                return {}
            case _:
                return {}

    async def next(self) -> Arrived | Broken:
        """The next signal, or the break."""
        return await self.queue.get()

    async def close(self) -> None:
        """Disconnect."""
        self.snap("closed")

    def snap(self, reason: str) -> None:
        """Break this line."""
        if self.is_open:
            self.is_open = False
            self._broken.set()
            self.queue.put_nowait(Broken(reason))


class FakeApi(FakeOwnApi):
    """`core.ports.Api` on a FakeServer."""

    def __init__(self, server: FakeServer, user_id: int) -> None:
        super().__init__(server, user_id)
        self.pictures: dict[str, bytes] = {}
        self.ended: list[int] = []

    async def history(
        self,
        conversation_id: int,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> HistoryPage:
        await self._reach("history")
        return self.server.page(self.user_id, conversation_id, limit, before, after, around)

    async def open_direct(self, own_id: int, other_id: int) -> Conversation:
        await self._reach("open_direct")
        identity = self.server.open_direct(own_id, other_id)
        return self.server.conversations[identity].shown(self.user_id)

    async def search(self, query: SearchQuery) -> Found:
        await self._reach("search")
        return search(self.server, self.user_id, query)

    async def users(self, query: str) -> list[User]:
        await self._reach("users")
        wanted = query.casefold()
        return [u for u in self.server.users.values() if wanted in f"{u.username} {u.display_name}".casefold()]

    async def send(self, command: SendMessage) -> Message:
        await self._reach("send")
        self.server.sends_by_rest += 1
        return self.server.send(self.user_id, command)

    async def mark_read(self, command: MarkRead) -> None:
        await self._reach("mark_read")
        self.server.read(self.user_id, command.conversation_id, command.position or 0)

    async def mark_unread(self, message_id: int) -> None:
        await self._reach("mark_unread")
        self.server.unread(self.user_id, message_id)

    async def verify(self, uids: Sequence[str]) -> list[str]:
        await self._reach("verify")
        known = {message.uid for one in self.server.conversations.values() for message in one.messages}
        return [uid for uid in uids if uid not in known]

    async def upload(
        self,
        path: Path,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
        begun: BegunUpload | None = None,
        keep: Callable[[BegunUpload], None] = lambda _begun: None,
    ) -> Attachment:
        await self._reach("upload")
        size = (await asyncio.to_thread(path.stat)).st_size
        self.server.continued.append(begun)
        keep(BegunUpload(f"/api/uploads/resumable/{len(self.server.continued)}", size, 0))
        for step in range(1, 5):
            progress(step / 4)
            await asyncio.sleep(0)
            if self.server.upload_gate is not None:
                await self.server.upload_gate.wait()
            if cancelled():
                raise Cancelled
            await self._reach("upload_step")
        number = len(self.server.uploads) + 1
        url = f"/api/files/{number:032x}/{path.name}"
        mime = mime_of(path.name)
        is_image = kind_of(mime) == "image"
        attachment = Attachment(
            attachment_id=number,
            file_url=url,
            file_name=path.name,
            file_type=mime,
            file_size=size,
            width=640 if is_image else None,
            height=480 if is_image else None,
            thumbnail_url=f"{url}/thumbnail" if is_image else None,
        )
        self.server.uploads[url] = attachment
        return attachment

    async def abandon(self, begun: BegunUpload) -> None:
        await self._reach("abandon")
        self.server.abandoned.append(begun)

    async def download(self, url: str, target: Path, progress: Callable[[float], None] | None = None) -> None:
        await self._reach("download")
        if url not in self.server.uploads:
            raise Refused(ErrorCode.NOT_FOUND, "This file does not exist.")
        await asyncio.to_thread(target.write_bytes, self.pictures.get(url, b"content"))
        if progress is not None:
            progress(1.0)

    async def picture(self, url: str) -> bytes:
        await self._reach("picture")
        if url not in self.pictures:
            raise Refused(ErrorCode.NOT_FOUND, "This picture does not exist.")
        return self.pictures[url]

    async def change_profile(self, change: ProfileChange) -> User:
        await self._reach("change_profile")
        given = {name: value for name, value in structs.asdict(change).items() if isinstance(value, str)}
        return self._changed(**given)

    async def change_avatar(self, path: Path) -> User:
        await self._reach("change_avatar")
        return self._changed(avatar_url=f"/api/files/{self.user_id:032x}/{path.name}")

    def _changed(self, **fields: str) -> User:
        """A new version of one's profile, told to everybody."""
        known = self.server.users[self.user_id]
        user = self.server.users[self.user_id] = structs.replace(known, version=known.version + 1, **fields)
        self.server.push("user_updated", user, *self.server.users)
        return user

    async def change_password(self, change: PasswordChange) -> None:
        await self._reach("change_password")

    async def devices(self) -> list[Device]:
        await self._reach("devices")
        at = to_wire(DEVICES_SINCE_MS)
        listed = [(1, "This computer", True), (2, "Laptop", False)]
        return [
            Device(device_id=number, name=name, created_at=at, last_seen_at=at, current=current)
            for number, name, current in listed
            if number not in self.ended
        ]

    async def end_device(self, device_id: int) -> None:
        await self._reach("end_device")
        self.ended.append(device_id)

    async def logout(self) -> None:
        await self._reach("logout")


class MemoryOutboxFile:
    """`core.ports.OutboxFile` that survives its session, not its process; `broken` makes the disk refuse."""

    def __init__(self) -> None:
        self.entries: dict[str, OutboxEntry] = {}
        self.own = MemoryOwnFile()
        self.broken: OSError | None = None

    async def load(self) -> list[OutboxEntry]:
        await asyncio.sleep(0)
        return sorted(self.entries.values(), key=lambda entry: entry.place)

    async def put(self, entry: OutboxEntry) -> None:
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        self.entries[entry.uid] = entry

    async def remove(self, uid: str) -> None:
        await asyncio.sleep(0)
        self.entries.pop(uid, None)

    async def keep(self, name: str, data: bytes) -> Path:
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        path = Path(tempfile.mkdtemp()) / name
        path.write_bytes(data)
        return path

    async def close(self) -> None:
        await asyncio.sleep(0)

    async def measure(self, path: Path) -> LocalFile:
        return await asyncio.to_thread(measured, path)
