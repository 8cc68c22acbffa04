"""Uploads through a line that breaks again and again (fault F15): `python -m tests.desktop.net.cuts --files 500`.

Each file goes up as the app sends it, cut at random offsets: sometimes while its bytes go up, sometimes when the
answer comes back. What counts: the server's bytes are the file's, at most one piece a cut is sent again, and when
nobody wants the files nothing of them is left.
"""

from __future__ import annotations

import argparse
import asyncio
import filecmp
import random
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from desktop.core.ports import BegunUpload, Unreachable
from desktop.net.addresses import parse_address
from desktop.net.api import RestApi
from desktop.net.rest import Rest
from desktop.net.resumable import PIECE_BYTES
from desktop.net.tokens import LongLivedToken
from protocol.times import now_ms
from server.app import build_house
from server.config import Config
from server.services.ports import Silence
from server.services.uploads import UNBOUND_MS
from tests.running import RunningServer

_AROUND_A_PIECE = 8 * 1024
"""Headers of the requests that a cut costs, generously."""
_TRIES = 200
_SWALLOWED = 0.3
"""The part of the cuts that hit the answer."""


class CutLine:
    """A TCP proxy on loopback that breaks every connection when so many more bytes have gone up. Runs on the loop."""

    def __init__(self, target_port: int) -> None:
        self.carried = 0
        """Bytes that went up, over all connections."""
        self.cuts = 0
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._cut_at: int | None = None
        self._swallow = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Listen; the result is the address."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Carry nothing more."""
        if self._server is not None:
            self._server.close()
        self._break()
        await asyncio.gather(*self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to carry one connection."""
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cut_after(self, count: int, *, swallow: bool) -> None:
        """Break when `count` more bytes have gone up: at once, or when an answer to them comes (`swallow`)."""
        self._cut_at = self.carried + count
        self._swallow = swallow

    def spare(self) -> None:
        """Break nothing more."""
        self._cut_at = None

    @property
    def is_armed(self) -> bool:
        """Whether a cut is still to come."""
        return self._cut_at is not None

    def _break(self) -> None:
        """Break every connection, both ways, with a reset."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def _is_due(self, *, answering: bool) -> bool:
        """Whether to break now; then it is counted."""
        due = self._cut_at is not None and self.carried >= self._cut_at and answering is self._swallow
        if due:
            self._cut_at = None
            self.cuts += 1
            self._break()
        return due

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways, until one of them ends."""
        there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back, up=True), self._pump(there, writer, up=False))
        finally:
            self._writers -= {writer, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        """Carry one direction."""
        with suppress(OSError):
            while data := await reader.read(65_536):
                self.carried += len(data) if up else 0
                if self._is_due(answering=not up):
                    return
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@dataclass
class CutUploads:
    """What came of it."""

    files: int = 0
    cuts: int = 0
    sent_again: int = 0
    """Bytes beyond the files' own and their requests' headers."""
    worst: float = 0.0
    """The most that a file sent again, in pieces a cut."""
    faults: list[str] = field(default_factory=list)


async def upload_through_cuts(
    server: RunningServer, folder: Path, sizes: Sequence[int], *, cuts: int, seed: int
) -> CutUploads:
    """Upload a file of each size through `cuts` cuts each, and compare; nothing is sent in a message."""
    rng, came = random.Random(seed), CutUploads()  # noqa: S311 - chosen to be repeatable
    line = CutLine(server.port)
    _, token = await asyncio.to_thread(server.create_user, f"cut{seed}x{rng.randrange(10**6)}")
    api = RestApi(Rest(parse_address(await line.open())), LongLivedToken(token))
    try:
        for number, size in enumerate(sizes):
            path = folder / f"{seed}-{number}.bin"
            path.write_bytes(rng.randbytes(size))
            await _one(api, line, rng, path, cuts, came)
            path.unlink()
    finally:
        api.close()
        await line.close()
    came.cuts = line.cuts
    return came


async def _one(api: RestApi, line: CutLine, rng: random.Random, path: Path, cuts: int, came: CutUploads) -> None:
    """One file, asked for again and again as the outbox would."""
    size = (await asyncio.to_thread(path.stat)).st_size
    places = sorted(rng.randrange(size) for _ in range(cuts))
    gaps = [there - here for here, there in zip([0, *places], places, strict=False)]
    carried, broken = line.carried, line.cuts
    kept: list[BegunUpload | None] = [None]
    for _ in range(_TRIES):
        if gaps and not line.is_armed:
            line.cut_after(gaps.pop(0), swallow=rng.random() < _SWALLOWED)
        with suppress(Unreachable):
            attachment = await api.upload(path, lambda _part: None, lambda: False, kept[-1], kept.append)
            break
    else:
        came.faults.append(f"{path.name}: never got through")
        return
    line.spare()
    came.files += 1
    _judge(path.name, line.carried - carried - size, line.cuts - broken, size, came)
    target = path.with_suffix(".back")
    await api.download(attachment.file_url, target)
    if not await asyncio.to_thread(filecmp.cmp, path, target, shallow=False):
        came.faults.append(f"{path.name}: other bytes than were sent")
    target.unlink()
    if kept[-1] is not None:
        await api.abandon(kept[-1])


def _judge(name: str, again: int, cuts: int, size: int, came: CutUploads) -> None:
    """Count what was sent again, of which a cut may cost one piece."""
    requests = cuts * 3 + size // PIECE_BYTES + 4
    again = max(0, again - requests * _AROUND_A_PIECE)
    came.sent_again += again
    came.worst = max(came.worst, again / PIECE_BYTES / max(cuts, 1))
    if again > cuts * PIECE_BYTES:
        came.faults.append(f"{name}: {again} bytes were sent again for {cuts} cuts")


def left_after_sweep(data_dir: Path) -> list[str]:
    """The files that are left in a stopped server's store when what nobody sent is forgotten a day later."""
    house = build_house(Config(data_dir=data_dir), Silence(), Silence())
    try:
        house.uploads.sweep(now_ms() + UNBOUND_MS + 60_000)
    finally:
        house.database.close()
    return sorted(path.name for path in (data_dir / "blobs").rglob("*") if path.is_file())


def main(arguments: Sequence[str] | None = None) -> int:
    """The large dose: `--files` from 1 KB to 100 MB, five cuts each. The exit status tells whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--cuts", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", type=int, default=100_000_000)
    chosen = parser.parse_args(arguments)
    came, left = run(chosen.files, chosen.cuts, chosen.seed, chosen.largest)
    print(f"files {came.files}, cuts {came.cuts}, sent again at most {came.worst:.2f} pieces a cut, left {len(left)}")  # noqa: T201 - the command's answer
    for fault in (*came.faults, *left):
        print(fault)  # noqa: T201 - the command's answer
    return 1 if came.faults or left else 0


def run(files: int, cuts: int, seed: int, largest: int = 100_000_000) -> tuple[CutUploads, list[str]]:
    """A server of its own, `files` sizes spread evenly by their logarithm; what came of it, and what was left."""
    rng = random.Random(seed)  # noqa: S311 - chosen to be repeatable
    sizes = [round(1000 * (largest / 1000) ** rng.random()) for _ in range(files)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Of a small file whose answer was lost another row waits with each try.
        limits = {"HEARTH_LIMITS_OPEN_UPLOADS_PER_USER": str(files * (cuts + 1) + 1)}
        with RunningServer(folder / "server", env=limits) as server:
            came = asyncio.run(upload_through_cuts(server, folder, sizes, cuts=cuts, seed=seed))
        came.faults += server.complaints()
        return came, left_after_sweep(server.data_dir)


if __name__ == "__main__":
    sys.exit(main())
