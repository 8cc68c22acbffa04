"""What a fault is played on: a server that can be killed, people, their conversations and devices, and the verdict."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

import msgspec

from desktop.core.pace import Pace
from protocol.accounts import ServerInfo, Tokens
from protocol.shapes import Conversation, Message
from tests.proof.checker import Evidence, Stored, check
from tests.proof.device import HASTY, Device, Seat, until
from tests.proof.ledger import Line, read_all
from tests.proof.nest import Nest, Order
from tests.proof.outcome import Complaints, Outcome, tally
from tests.running import RunningServer

if TYPE_CHECKING:
    import subprocess

START_S = 60.0
PATIENCE_S = 90.0
"""How long devices may take to come to rest after the last fault; reliability 4.2 asks for 60 s."""
POINT, CLOCK = "PROOF_POINT", "PROOF_CLOCK"
"""What tests/proof/server.py reads; it is not imported here, for gevent takes over whoever imports it."""
_WORDS = ("hello", "grüße", "καλημέρα", "おはよう", "שלום", "👋🏽", "fi", "two\nlines")


def chance(seed: int) -> random.Random:
    """Chance that comes the same again for the same seed, which every report names."""
    return random.Random(seed)  # noqa: S311 - it decides when to break things, and hides nothing


class ProofServer(RunningServer):
    """The server under proof: the shipped one behind the launcher of tests/proof/server.py."""

    module = "tests.proof.server"

    nest = Nest()
    """One for all servers of a proof."""

    def start(self) -> None:
        """Start out of the nest, but where the clock is to be moved before anything is loaded.

        Raises RuntimeError where it does not come up.
        """
        if CLOCK in self._env:
            super().start()
            return
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        arguments = ["serve", "--port", str(self.port), "--data-dir", str(self.data_dir), *self._arguments]
        hatched = self.nest.hatch(Order(arguments=arguments, environment=self._env, log=str(self._log_path)))
        self.process = cast("subprocess.Popen[bytes]", hatched)
        end = time.monotonic() + START_S
        while not self._answers():
            if hatched.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.log}")
            time.sleep(0.01)

    def arm(self, point: str, nth: int = 1) -> None:
        """Have its next start die where this point is passed for the nth time."""
        self._env[POINT] = f"{point}:{nth}"

    def disarm(self) -> None:
        """Have its next start live."""
        self._env.pop(POINT, None)

    def move_clock(self, ahead_s: float) -> None:
        """Set its clock ahead of the computer's, or back. For a server that was started with a clock to move."""
        Path(self._env[CLOCK]).write_text(str(ahead_s), encoding="ascii")
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR1)

    @property
    def is_running(self) -> bool:
        """Whether the process lives; false when it has killed itself."""
        return self.process is not None and self.process.poll() is None


class Stage:
    """Owns a server, `people` users in a ring of direct conversations, and their devices, all below `folder`."""

    open_ones: ClassVar[list[Stage]] = []
    """Those that are not closed yet, for whoever has to clear up after a fault that broke."""

    def __init__(
        self,
        folder: Path,
        rng: random.Random,
        *,
        people: int = 4,
        server: RunningServer | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.rng = rng
        self.server = server or ProofServer(folder / "server", env=env)
        self.devices: list[Device] = []
        self.conversations: dict[int, set[int]] = {}
        self.complaints = Complaints(self._neighbours)
        self.began = time.monotonic()
        self.history_since_ms = 0
        """When the server's history began anew; what was told of the one before does not count."""
        self._names = [f"user{number}" for number in range(people)]
        self._ids: dict[str, int] = {}
        self._ledgers = folder / "devices"
        self._ledgers.mkdir()
        self._info: ServerInfo | None = None
        self.thread = threading.get_ident()
        """Where its loop runs: several faults may be played at once, each in a thread."""
        logging.getLogger().addHandler(self.complaints)
        self.open_ones.append(self)

    @property
    def proof_server(self) -> ProofServer:
        """The server, where it is one that can be armed."""
        assert isinstance(self.server, ProofServer)
        return self.server

    def open(self) -> None:
        """Start the server and let everybody in."""
        self.server.start()
        self.admit()

    def admit(self) -> None:
        """Open everybody's accounts and conversations."""
        tokens = [self.server.register(name) for name in self._names]
        ids = [told["user"]["user_id"] for told in tokens]
        self._ids = dict(zip(self._names, ids, strict=True))
        for one in range(len(ids) if len(ids) > 2 else 1):
            other = (one + 1) % len(ids)
            direct = self.server.open_direct(tokens[one]["access_token"], ids[one], ids[other])
            self.conversations[direct["conversation_id"]] = {ids[one], ids[other]}
        self._info = msgspec.convert(self.server.request("GET", "/api/server").json(), ServerInfo)

    def seat(self, name: str, url: str = "") -> Seat:
        """A new session of somebody's, by this address or the server's own."""
        tokens = msgspec.convert(self.server.login(name), Tokens)
        assert self._info is not None
        return Seat(url or self.server.url, tokens.user, tokens, tokens.refresh_token, self._info.limits)

    def conversations_of(self, user_id: int) -> list[int]:
        """Where somebody is a member."""
        return [identity for identity, members in self.conversations.items() if user_id in members]

    def new_device(self, name: str, owner: str, *, url: str = "", pace: Pace = HASTY) -> Device:
        """A further device of somebody's, not started."""
        device = Device(self._ledgers, name, self.seat(owner, url), pace=pace)
        self.devices.append(device)
        return device

    @property
    def people(self) -> list[str]:
        """Everybody's user name."""
        return list(self._names)

    @property
    def ledgers(self) -> Path:
        """Where the ledgers are."""
        return self._ledgers

    async def bring(self, per_person: int, *, url: str = "", pace: Pace = HASTY) -> None:
        """Start so many devices of everybody, and wait until they are there."""
        for owner in self._names:
            for number in range(per_person):
                await self.new_device(f"{owner}-{number}", owner, url=url, pace=pace).start()
        await until(lambda: all(device.session.is_connected() for device in self.devices), PATIENCE_S)

    async def chatter(self, device: Device, texts: int, *, most_waiting: int = 8, pause_s: float = 0.0) -> None:
        """Write so many texts into the device's conversations, and read now and then."""
        rng, own = self.rng, self.conversations_of(device.seat.user.user_id)
        for _ in range(texts):
            while device.unsent >= most_waiting:  # noqa: ASYNC110 - a person does not write without end either
                await asyncio.sleep(0.01)
            await device.say(rng.choice(own), f"{device.name} #{device.said} {rng.choice(_WORDS)}")
            if rng.random() < 0.2:
                device.read(rng.choice(own))
            await asyncio.sleep(rng.random() * pause_s)

    async def write_until(self, device: Device, over: asyncio.Event) -> None:
        """Let a device write a text now and then until it is over."""
        own = self.conversations_of(device.seat.user.user_id)
        while not over.is_set():
            if device.unsent < 4:
                await device.say(self.rng.choice(own), f"{device.name} #{device.said}")
            await asyncio.sleep(0.05 * self.rng.random())

    async def under(
        self, texts: int, trouble: Callable[[], Awaitable[None]], *, most_waiting: int = 8, pause_s: float = 0.0
    ) -> None:
        """Let all devices write `texts` altogether while something happens to them; returns when both are over."""
        share = -(-texts // len(self.devices))
        async with asyncio.TaskGroup() as group:
            for device in self.devices:
                group.create_task(self.chatter(device, share, most_waiting=most_waiting, pause_s=pause_s))
            group.create_task(_awaited(trouble))

    def confirmed(self) -> int:
        """How many texts are written and not waiting."""
        return sum(device.said - device.unsent for device in self.devices if device.is_alive)

    async def restart(self) -> None:
        """Kill the server where it stands, and start it again."""
        await asyncio.to_thread(self.server.kill)
        await asyncio.to_thread(self.server.start)

    async def settle(self, within_s: float = PATIENCE_S) -> float | None:
        """Wait until every device has sent everything and is at the server's heads; the seconds, or None if never."""
        began = time.monotonic()
        while time.monotonic() - began < within_s:
            heads, _ = await asyncio.to_thread(self.heads)
            alive = [device for device in self.devices if device.is_alive]
            if await until(lambda alive=alive, heads=heads: all(self._rests(one, heads) for one in alive), 1.0):  # type: ignore[misc]
                again, _ = await asyncio.to_thread(self.heads)
                if again == heads:
                    return time.monotonic() - began
        return None

    def _rests(self, device: Device, heads: Mapping[int, int]) -> bool:
        """Whether a device has nothing left to do."""
        own = self.conversations_of(device.seat.user.user_id)
        return device.is_at({identity: heads[identity] for identity in own if identity in heads})

    def heads(self) -> tuple[dict[int, int], dict[int, dict[int, int]]]:
        """Conversation → head, and conversation → user → cursor, as the server tells them now."""
        heads: dict[int, int] = {}
        cursors: dict[int, dict[int, int]] = {}
        for name in self._names:
            for conversation in self._conversations(name):
                heads[conversation.conversation_id] = conversation.head
                cursors[conversation.conversation_id] = {
                    member.user.user_id: member.read_position for member in conversation.members
                }
        return heads, cursors

    def _conversations(self, name: str) -> list[Conversation]:
        """Somebody's conversations."""
        answer = self.server.request("GET", f"/api/conversations/{self._ids[name]}", self._token(name))
        return msgspec.convert(answer.json(), list[Conversation])

    def _token(self, name: str) -> str:
        """An access token of the director's own session in somebody's name, made anew: the clock may have moved."""
        return str(self.server.login(name)["access_token"])

    def stored(self) -> list[Stored]:
        """Every message, as the server reads it out of its database."""
        rows: list[Stored] = []
        for name in self._names:
            token, user_id = self._token(name), self._ids[name]
            for conversation_id, members in self.conversations.items():
                if user_id == min(members):
                    answer = self.server.request("GET", f"/api/messages/{conversation_id}", token)
                    rows += map(_stored, msgspec.convert(answer.json(), list[Message]))
        return rows

    def send_again(self, most: int) -> tuple[int, list[str]]:
        """Send texts that are stored once more, as a desktop does that never heard the answer.

        How many got their first answer again, and those that did not.
        """
        tokens = {self._ids[name]: self._token(name) for name in self._names}
        stored = self.stored()
        strange: list[str] = []
        chosen = self.rng.sample(stored, min(most, len(stored)))
        for row in chosen:
            body = {"uid": row.uid, "content": row.text, "sender_id": row.sender_id}
            path = f"/api/messages/{row.conversation_id}"
            answer = self.server.request("POST", path, tokens[row.sender_id], json=body)
            if answer.status_code != 200 or answer.json()["message_id"] != row.message_id:
                strange.append(f"sent again {row.uid}: {answer.status_code} {answer.text[:200]}")
        return len(chosen) - len(strange), strange

    async def judge(self, outcome: Outcome, *, settle: bool = True, complaints: Iterable[str] = ()) -> Outcome:
        """Bring everybody to rest, hear every device, and decide. `complaints` may stand in the logs."""
        if settle:
            rested_s = await self.settle()
            outcome.expect("all devices come to rest", holds=rested_s is not None)
            outcome.notes["rest_s"] = None if rested_s is None else round(rested_s, 1)
        for device in self.devices:
            if device.is_alive:
                await device.testify()
        heads, cursors = await asyncio.to_thread(self.heads)
        stored = await asyncio.to_thread(self.stored)
        ledgers = {name: self._counted(lines) for name, lines in read_all(self._ledgers.glob("*.jsonl")).items()}
        evidence = Evidence(stored, self.conversations, ledgers, heads, cursors, settled=settle)
        tally(outcome, evidence, check(evidence))
        outcome.breaches += self._loud(complaints)
        outcome.seconds = round(time.monotonic() - self.began, 1)
        return outcome

    def _counted(self, lines: list[Line]) -> list[Line]:
        """The lines that tell of the present history, and what people wrote at any time."""
        written = {"started", "intended", "enqueued", "greeted"}
        return [line for line in lines if line.kind in written or line.at_ms >= self.history_since_ms]

    def _loud(self, allowed: Iterable[str]) -> list[str]:
        """What was logged that nobody expects of this fault."""
        patterns = list(allowed)
        said = [*self.server.complaints(), *self.complaints.lines]
        return [f"logged: {line[:300]}" for line in said if not any(re.search(p, line) for p in patterns)][:20]

    def _neighbours(self) -> set[int]:
        """The threads of other faults that are played now."""
        return {one.thread for one in tuple(self.open_ones)} - {self.thread}

    async def close(self) -> None:
        """Send everybody home; harmless when that is done."""
        if self not in self.open_ones:
            return
        self.open_ones.remove(self)
        for device in self.devices:
            await device.close()
        await asyncio.to_thread(self.server.stop)
        logging.getLogger().removeHandler(self.complaints)


async def _awaited(trouble: Callable[[], Awaitable[None]]) -> None:
    """Trouble as a coroutine."""
    await trouble()


def _stored(message: Message) -> Stored:
    """A message as evidence."""
    return Stored(
        conversation_id=message.conversation_id,
        position=message.position,
        uid=message.uid,
        version=message.version,
        message_id=message.message_id,
        sender_id=message.sender_id,
        text=message.content or "",
    )
