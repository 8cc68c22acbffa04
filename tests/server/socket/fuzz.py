"""Random frames and events against a real server: it lives, nothing has an effect, nothing stays behind.

    python -m tests.server.socket.fuzz --count 20000 --seed 7

plays so many frames and prints what was seen. The suite plays 1,500.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from protocol.commands import COMMANDS
from tests.running import RunningServer
from tests.server.socket.lines import Wire, frame
from tests.server.socket.outside import REFUSED, memory_mib, open_files, settles
from tests.server.socket.people import Pair, Person, make_pair

FRAMES_A_LINE = 12
NAMES = [*COMMANDS, "connect", "disconnect", "connect_error", "newListener", "nothing", "__proto__"]
KEYS = sorted({field for command in COMMANDS.values() for field in command.payload.__struct_fields__})
INSIDES = ["", "[", "{}", "[]", '["x"]', "[5]", "/admin,", '{"token":5}', "9" * 30, "[" * 2_000, "\ud7ff"]


def value(dice: random.Random, depth: int = 0) -> object:
    """Some JSON."""
    plain = [0, 1, 2, 3, -1, 2**31, 2**63, 10**40, 0.5, 1e308, True, None, "", "1", "x" * 40, "\u0000", "\u202e", "☃"]
    kind = dice.randrange(8 if depth < 4 else 6)
    if kind < 6:
        return dice.choice(plain)
    if kind == 6:
        return [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {dice.choice(KEYS): value(dice, depth + 1) for _ in range(dice.randrange(5))}


def event(dice: random.Random) -> str:
    """An event: mostly one of the catalogue, with whatever payload."""
    said = json.dumps([dice.choice(NAMES), *(value(dice) for _ in range(dice.choice([1, 1, 1, 0, 2])))])
    return f"42{dice.choice(['', '0', '7', '99999'])}{said}"


def packet(dice: random.Random) -> str:
    """Something like a packet of Engine.IO or Socket.IO, most of them none."""
    number = dice.choice(["", "0", "51-", "5999999999-", "1", "²", "-1"])
    return f"{dice.choice('0123456789zb')}{dice.choice('0123456789 ')}{number}{dice.choice(INSIDES)}"


def spoilt(dice: random.Random) -> str:
    """An event with a piece of it replaced."""
    text = event(dice)
    place = dice.randrange(len(text))
    return text[:place] + dice.choice(["", '"', "\\", "{", "]", "\u0000", ","]) + text[place + dice.randrange(3) :]


def broken(dice: random.Random) -> bytes:
    """A frame with whatever head, length and mask."""
    data = dice.randbytes(dice.randrange(40))
    announced = dice.choice([None, None, 0, 200, 70_000, 2**31])
    head = dice.choice([0x81, 0x01, 0x00, 0x80, 0x82, 0x88, 0x89, 0x8A, 0xC1, 0xF1, dice.randrange(256)])
    return frame(head, data, announced=announced, masked=dice.random() < 0.9)


def masked(dice: random.Random, text: str) -> bytes:
    """Text as an honest frame, or in two fragments."""
    data = text.encode(errors="ignore")
    mask = dice.randbytes(4)
    covered = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    if len(data) < 126:
        whole = struct.pack("!BB", 0x81, 0x80 | len(data)) + mask + covered
    else:
        whole = struct.pack("!BBH", 0x81, 0xFE, len(data)) + mask + covered
    half = len(data) // 2
    return whole if dice.random() < 0.8 else frame(0x01, data[:half]) + frame(0x80, data[half:])


def frames(dice: random.Random, count: int) -> list[bytes]:
    """So many frames, good and bad."""
    kinds: list[Callable[[], bytes]] = [
        lambda: masked(dice, event(dice)),
        lambda: masked(dice, event(dice)),
        lambda: masked(dice, spoilt(dice)),
        lambda: masked(dice, packet(dice)),
        lambda: broken(dice),
    ]
    return [dice.choices(kinds, [30, 30, 4, 3, 3])[0]() for _ in range(count)]


def play(server: RunningServer, person: Person, count: int, seed: int) -> None:
    """Send so many frames on as many lines as it takes, as somebody who shares no conversation, or as nobody."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, and no secret
    while count > 0:
        share = min(count, FRAMES_A_LINE)
        count -= share
        with suppress(OSError), Wire(server) as wire:
            if dice.random() < 0.9:
                wire.say("40" + json.dumps({"token": person.token}))
            data = b"".join(frames(dice, share))
            cut = dice.randrange(len(data) + 1)
            wire.socket.sendall(data[:cut])
            wire.socket.sendall(data[cut:])
            # Also a frame of which not everything was sent must not hold the line.
            wire.socket.shutdown(socket.SHUT_WR)
            while wire.socket.recv(65_536):
                pass


@dataclass(frozen=True)
class Seen:
    """What can be seen of a server from outside, and of what its people have."""

    messages: list[object]
    strangers: list[object]
    files: int
    memory_mib: float

    @classmethod
    def of(cls, pair: Pair) -> Seen:
        """Now."""
        server = pair.ada.server
        messages = pair.ada.request("GET", f"/api/messages/{pair.conversation_id}").json()
        strangers = pair.eve.request("GET", f"/api/conversations/{pair.eve.user_id}").json()
        return cls(messages, strangers, open_files(server), memory_mib(server))


def judge(pair: Pair, before: Seen, seconds: float) -> None:
    """Raise AssertionError where something had an effect, stayed behind, or was told too often."""
    server = pair.ada.server
    with pair.ada.line() as line:
        sent = {"conversation_id": pair.conversation_id, "content": "still here"}
        assert line.call("send_message", sent)["ok"] is True
    assert settles(lambda: open_files(server) <= before.files), (before.files, open_files(server))
    after = Seen.of(pair)
    assert after.messages[:-1] == before.messages
    assert after.strangers == before.strangers
    assert after.memory_mib - before.memory_mib < 10, (before, after.memory_mib)
    assert server.log.count(REFUSED) <= seconds / 10 + 1
    assert [complaint for complaint in server.complaints() if REFUSED not in complaint] == []


def main() -> None:
    """Play the dose that was asked for, on a server of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.socket.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, RunningServer(Path(folder)) as server:
        pair = make_pair(server)
        play(server, pair.eve, 500, options.seed + 1)
        before, begun = Seen.of(pair), time.monotonic()
        play(server, pair.eve, options.count, options.seed)
        seconds = time.monotonic() - begun
        judge(pair, before, seconds + 10)
        grown = memory_mib(server) - before.memory_mib
        said = f"{options.count} frames in {seconds:.0f} s: alive, no effect, {grown:+.1f} MiB, "
        sys.stdout.write(f"{said}{server.log.count(REFUSED)} lines of the log\n")


if __name__ == "__main__":
    main()
