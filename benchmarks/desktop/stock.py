"""What the app is measured on: somebody signed in with 200 conversations, and a cache of a million messages.

The first is made on a real server over its own interface and filled into the profile by the app itself. The second is
written by the product's own cache and belongs to a server that does not answer: what is local needs none.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.lines import Person
from desktop.app.folders import Folders
from desktop.cache.message_cache import MessageCache
from desktop.cache.secrets import Secrets
from desktop.cache.settings_file import SettingsFile
from desktop.core.ports import Reached
from desktop.core.updates import Followed, OwnFacts, Seat, Update
from desktop.net.addresses import account_name
from protocol.limits import Limits
from protocol.shapes import Conversation, Member, Message, Own, User
from protocol.times import now_ms, to_wire
from tests.running import RunningServer, free_port

COMMON, RARE = "lantern", "quicksilver"
"""Words to search for: one in every eighth message, one in every thousandth."""
_COMMON_EVERY, _RARE_EVERY = 8, 1_000
_VOCABULARY = 4_000
_WORDS_MOST = 24
_CHUNK = 5_000
_LETTERS = "aeioubcdfghklmnprstvw"
_ME = User(user_id=1, username="ada", display_name="Ada Lovelace")
_OTHER = User(user_id=2, username="ben", display_name="Ben Harbour")
_MESSAGE_EVERY_MS = 20_000


def sign_in(profile: Path, server: str, user: User, refresh_token: str, last_conversation: int = 0) -> None:
    """Leave a session in a profile, as "stay signed in" does without a keyring."""
    Secrets(profile, lambda: None).keep(account_name(server, user.username), refresh_token)
    settings = SettingsFile(profile / "settings.json")
    settings.change(
        server=server,
        server_name="Benchmark",
        username=user.username,
        me=user,
        limits=Limits(),
        last_conversation=last_conversation,
        on_close="quit",
        theme="light",
    )
    settings.close()


class House:
    """Somebody at a server with many conversations, and who writes to them."""

    def __init__(self, server: RunningServer, conversations: int) -> None:
        """Register both and open the conversations, each with one message."""
        self.server = server
        self._tokens = server.register("ada")
        other = server.register("ben")
        self.writer = Person(other["user"]["user_id"], other["access_token"])
        self.conversation_ids = [self._conversation(number) for number in range(conversations)]

    def _conversation(self, number: int) -> int:
        """One more, and its number."""
        title = f"Harbour crew {number}"
        body = {"kind": "group", "title": title, "member_ids": [self.writer.user_id]}
        made = self._posted("/api/conversations", self._tokens["access_token"], body)
        identity: int = made["conversation_id"]
        said = {"content": f"Shall {title} meet at six?", "sender_id": self.writer.user_id}
        self._posted(f"/api/messages/{identity}", self.writer.token, said)
        return identity

    def _posted(self, path: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the server made of it. Raises AssertionError where it refused."""
        answer = self.server.request("POST", path, token, json=body)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        told: dict[str, Any] = answer.json()
        return told

    def profile(self, folder: Path) -> Path:
        """A profile signed in with a session of its own, at no conversation."""
        tokens = self.server.login("ada")
        sign_in(folder, self.server.url, msgspec.convert(tokens["user"], User), tokens["refresh_token"])
        return folder


def large_profile(folder: Path, conversations: int, stored: int) -> float:
    """A profile with so many messages in its cache, of a server that does not answer; the seconds it took to write."""
    server = f"http://127.0.0.1:{free_port()}"
    sign_in(folder, server, _ME, "nobody-asks-for-this")
    begun = time.monotonic()
    asyncio.run(_fill(Folders(folder).account(account_name(server, _ME.username)), conversations, stored))
    return time.monotonic() - begun


async def _fill(account: Path, conversations: int, stored: int) -> None:
    """Write it as the app does, an update after the other."""
    cache = MessageCache(account, _ME.user_id)
    await cache.begin_epoch("benchmark", 0)
    size = stored // conversations
    begun_ms = now_ms() - stored * _MESSAGE_EVERY_MS
    cache.save(_list(conversations, size, begun_ms), Reached(dict.fromkeys(range(1, conversations + 1), size + 3), 1))
    texts = sentences(random.Random(stored))  # noqa: S311 - no secrets
    chunk: list[Message] = []
    for number in range(size * conversations):
        chunk.append(_message(number, conversations, next(texts), begun_ms))
        if len(chunk) == _CHUNK:
            cache.save(Update(messages=tuple(chunk)), Reached())
            chunk = []
            await cache.page(1, "newest", 0, 1)
    cache.save(Update(messages=tuple(chunk)), Reached())
    await cache.close()


def _list(conversations: int, size: int, begun_ms: int) -> Update:
    """The conversations, read to their ends."""
    at = to_wire(begun_ms)
    people = [Member(user=user, joined_at=at, read_position=size, version=2) for user in (_ME, _OTHER)]
    rows = [
        Conversation(
            conversation_id=number,
            kind="group",
            title=f"Harbour crew {number}",
            created_at=at,
            updated_at=at,
            last_message_at=to_wire(now_ms() - (conversations - number) * _MESSAGE_EVERY_MS),
            version=1,
            head=size + 3,
            last_position=size,
            member_count=2,
        )
        for number in range(1, conversations + 1)
    ]
    return Update(
        conversations=tuple(rows),
        seats=tuple(Seat(row.conversation_id, one) for row in rows for one in people),
        own=tuple(OwnFacts(row.conversation_id, Own(read_position=size), 1, size) for row in rows),
        users=(_ME, _OTHER),
        followed=tuple(Followed(row.conversation_id, size + 3) for row in rows),
        own_followed=1,
    )


def _message(number: int, conversations: int, text: str, begun_ms: int) -> Message:
    """One of the store's, which go round the conversations as talk does."""
    sender = _OTHER if number % 3 else _ME
    position = number // conversations + 1
    return Message(
        message_id=number + 1,
        uid=f"00000000-0000-4000-8000-{number:012x}",
        conversation_id=number % conversations + 1,
        position=position,
        version=position + 3,
        sender_id=sender.user_id,
        sender=sender,
        content=text,
        created_at=to_wire(begun_ms + number * _MESSAGE_EVERY_MS),
    )


def sentences(source: random.Random) -> Iterator[str]:
    """Texts of 3 to 24 made-up words, short ones more often; `COMMON` and `RARE` stand in as many as they say."""
    words = ["".join(source.choices(_LETTERS, k=source.randint(2, 9))) for _ in range(_VOCABULARY)]
    number = 0
    while True:
        number += 1
        said = source.choices(words, k=min(_WORDS_MOST, 3 + int(source.expovariate(0.15))))
        if number % _COMMON_EVERY == 0:
            said[0] = COMMON
        if number % _RARE_EVERY == 0:
            said[-1] = RARE
        yield " ".join(said)
