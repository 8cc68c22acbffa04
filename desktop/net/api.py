"""REST as coroutines: the core's `Api` over `requests` in worker threads. Owns the line's threads and its token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
import requests

from desktop.core.ports import BegunUpload, HistoryPage, Unreachable
from desktop.net.messages_api import RestMessages
from desktop.net.own_api import RestOwn
from desktop.net.rest import Rest
from desktop.net.resumable import PIECE_BYTES, NotSpoken, PieceBody, UploadInPieces
from desktop.net.tokens import AccessTokens
from desktop.net.transfers import PIECE, FileBody, save_answer
from protocol import accounts, commands, shapes, signals, tus
from protocol.errors import ErrorCode, Refused
from protocol.limits import HEAD_HEADER, LAST_POSITION_HEADER, Limits

T = TypeVar("T")

Progress = Callable[[float], None]

_UIDS_AT_ONCE = 5_000
"""Each takes 39 bytes of a body that may have 256 KiB (contract, Limits)."""
_STEP = 0.01
"""Progress is told in steps of at least this part: a bar has no more pixels."""


class RestApi(RestMessages, RestOwn):
    """`core.ports.Api`. Every method raises Refused or Unreachable; 401 is refreshed and repeated inside."""

    def __init__(self, rest: Rest, tokens: AccessTokens, limits: Limits | None = None) -> None:
        super().__init__(rest, tokens)
        self._limits = limits or Limits()

    def close(self) -> None:
        """Begin no more requests."""
        self._rest.close()

    async def history(
        self,
        conversation_id: int,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> HistoryPage:
        """A page of messages, ascending; without a place the newest."""
        places = {"limit": limit, "before": before, "after": after, "around": around}
        query = {name: place for name, place in places.items() if place is not None}
        answer = await self._ask("GET", f"/api/messages/{conversation_id}", query=query)
        messages = msgspec.json.decode(answer.content, type=list[shapes.Message])
        head, last = (int(answer.headers.get(name, 0)) for name in (HEAD_HEADER, LAST_POSITION_HEADER))
        return HistoryPage(messages=messages, head=head, last_position=last)

    async def open_direct(self, own_id: int, other_id: int) -> shapes.Conversation:
        """Create or get the direct conversation with somebody."""
        body = commands.OpenConversation(participant1_id=own_id, participant2_id=other_id)
        return await self._read(shapes.Conversation, "POST", "/api/conversations", body=body)

    async def users(self, query: str) -> list[shapes.User]:
        """People one may write to."""
        answer = await self._ask("GET", "/api/users", query={"query": query})
        return msgspec.json.decode(answer.content, type=list[shapes.User])

    async def search(self, query: commands.SearchQuery) -> signals.Found:
        """The newest messages that answer."""
        told = {name: value for name, value in msgspec.to_builtins(query).items() if value is not None}
        answer = await self._ask("GET", "/api/search", query=told)
        return msgspec.json.decode(answer.content, type=signals.Found)

    async def send(self, command: commands.SendMessage) -> shapes.Message:
        """Send without the socket."""
        path = f"/api/messages/{command.conversation_id}"
        return await self._read(shapes.Message, "POST", path, body=command)

    async def mark_read(self, command: commands.MarkRead) -> None:
        """Read up to a position, without the socket."""
        await self._ask("PUT", "/api/messages", body=command)

    async def mark_unread(self, message_id: int) -> None:
        """Unread from this message on."""
        body = commands.PatchMessage(is_read=False)
        await self._ask("PATCH", f"/api/messages/{message_id}", body=body)

    async def verify(self, uids: Sequence[str]) -> list[str]:
        """Which of these uids of one's own the server has not got; asked in parts that a request can carry."""
        missing: list[str] = []
        for start in range(0, len(uids), _UIDS_AT_ONCE):
            part = commands.Verify(uids=[*uids[start : start + _UIDS_AT_ONCE]])
            answer = await self._read(signals.VerifyAnswer, "POST", "/api/messages/verify", body=part)
            missing += answer.missing
        return missing

    async def upload(
        self,
        path: Path,
        progress: Progress,
        cancelled: Callable[[], bool],
        begun: BegunUpload | None = None,
        keep: Callable[[BegunUpload], None] = lambda _begun: None,
    ) -> shapes.Attachment:
        """Upload a local file; `progress` gets 0.0 to 1.0 on the loop. Raises Cancelled, and OSError.

        A large one goes in pieces: `keep` gets, on the loop, what to pass as `begun` to go on after a restart.
        """
        if (await asyncio.to_thread(path.stat)).st_size > PIECE_BYTES:
            told, kept = _on_loop(progress), _later(keep)
            pieces = UploadInPieces(self._ask_in_pieces, path, told, cancelled, kept)
            with suppress(NotSpoken):
                return await self._rest.transfer(lambda: pieces.run(begun))
        return await self._send_file(shapes.Attachment, "POST", "/api/upload", path, progress, cancelled)

    async def abandon(self, begun: BegunUpload) -> None:
        """Have the server forget an upload that nobody wants any more."""
        headers = {tus.VERSION_HEADER: tus.VERSION}
        await self._rest.work(lambda: self._send("DELETE", _own_path(begun.url), further=headers))

    async def download(self, url: str, target: Path, progress: Progress | None = None) -> None:
        """A file of the server into `target`, whole or not at all. Raises OSError when the disk refuses."""
        path, told = _own_path(url), _on_loop(progress)

        def fetch() -> None:
            with self._send("GET", path, stream=True) as answer:
                try:
                    save_answer(answer, target, told if progress else None)
                except requests.RequestException as error:
                    raise self._rest.unreachable(error) from error

        await self._rest.transfer(fetch)

    async def picture(self, url: str) -> bytes:
        """A picture's bytes. Raises Refused (`image_too_large`) for more than the server's limit for images."""
        path, most = _own_path(url), self._limits.image_bytes

        def fetch() -> bytes:
            data = bytearray()
            with self._send("GET", path, stream=True) as answer:
                try:
                    for piece in answer.iter_content(PIECE):
                        data.extend(piece)
                        if len(data) > most:
                            raise Refused(ErrorCode.IMAGE_TOO_LARGE, "The picture is too large to be shown.")
                except requests.RequestException as error:
                    raise self._rest.unreachable(error) from error
            return bytes(data)

        return await self._rest.transfer(fetch)

    async def change_profile(self, change: accounts.ProfileChange) -> shapes.User:
        """One's own name and status text."""
        return await self._read(shapes.User, "PATCH", "/api/me", body=change)

    async def change_avatar(self, path: Path) -> shapes.User:
        """One's own picture. Raises OSError when the file is gone."""
        return await self._send_file(shapes.User, "PUT", "/api/me/avatar", path, lambda _part: None, lambda: False)

    async def change_password(self, change: accounts.PasswordChange) -> None:
        """A new password; other sessions end."""
        await self._ask("POST", "/api/me/password", body=change)

    async def devices(self) -> list[accounts.Device]:
        """One's sessions."""
        answer = await self._ask("GET", "/api/me/devices")
        return msgspec.json.decode(answer.content, type=list[accounts.Device])

    async def end_device(self, device_id: int) -> None:
        """End one of them."""
        await self._ask("DELETE", f"/api/me/devices/{device_id}")

    async def logout(self) -> None:
        """End this session on the server."""
        await self._ask("POST", "/api/auth/logout")

    async def me(self) -> shapes.User:
        """One's own profile."""
        return await self._read(shapes.User, "GET", "/api/me")

    async def _send_file(
        self,
        kind: type[T],
        method: str,
        path: str,
        file: Path,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> T:
        """Send a file as a form and read the answer."""
        told = _on_loop(progress)

        def carry(token: str) -> T:
            body = FileBody(file, told, cancelled)
            try:
                further = {"Content-Type": body.content_type}
                answer = self._rest.send(method, path, token=token, upload=body, further=further)
            except Exception as error:
                raise body.trouble or error from error
            finally:
                body.close()
            return msgspec.json.decode(answer.content, type=kind)

        return await self._rest.transfer(lambda: self._signed(carry))

    def _ask_in_pieces(
        self, method: str, path: str, headers: Mapping[str, str], make_body: Callable[[], PieceBody] | None = None
    ) -> requests.Response:
        """`net.resumable.Ask`."""

        def ask(token: str) -> requests.Response:
            if self._rest.closed:
                raise Unreachable("The line was closed.")
            body = None if make_body is None else make_body()
            try:
                return self._rest.send(method, _own_path(path), token=token, upload=body, further=headers)
            except Exception as error:
                raise (body.trouble if body else None) or error from error

        return self._signed(ask)


def _own_path(url: str) -> str:
    """A root-relative url of the server. Raises Refused for any other: it would carry our token to somebody else."""
    if not url.startswith("/") or url.startswith("//") or "\\" in url:
        raise Refused(ErrorCode.INVALID_REQUEST, "The file is not on this server, so it is not fetched.")
    return url


def _on_loop(progress: Progress | None) -> Progress:
    """A function for worker threads that tells `progress` on the running loop, in visible steps only."""
    loop = asyncio.get_running_loop()
    told = 0.0

    def tell(part: float) -> None:
        nonlocal told
        if progress is not None and (part >= 1.0 or abs(part - told) >= _STEP):
            told = part
            with suppress(RuntimeError):  # The loop may be gone before the thread is.
                loop.call_soon_threadsafe(progress, part)

    return tell


def _later(keep: Callable[[BegunUpload], None]) -> Callable[[BegunUpload], None]:
    """A function for worker threads that calls `keep` on the running loop."""
    loop = asyncio.get_running_loop()

    def call(begun: BegunUpload) -> None:
        with suppress(RuntimeError):  # The loop may be gone before the thread is.
            loop.call_soon_threadsafe(keep, begun)

    return call
