"""Large files and a real server, lines and servers that break: they arrive whole, once, and go on where they were."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.core.ports import BegunUpload, Cancelled, Unreachable
from desktop.net.api import RestApi
from desktop.net.resumable import PIECE_BYTES, UploadInPieces
from protocol import tus
from protocol.errors import Refused
from protocol.shapes import Attachment
from tests.desktop.net import cuts
from tests.desktop.net.accounts import Account, hang_up, sign_up
from tests.running import RunningServer

_PIECES = 3


class Pen:
    """A large file of somebody's, what was kept of its upload, and how far it came."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.path = folder / "film.bin"
        self.data = random.Random(seed).randbytes(_PIECES * PIECE_BYTES - 1000)  # noqa: S311 - test data
        self.path.write_bytes(self.data)
        self.kept: list[BegunUpload] = []
        self.progress: list[float] = []

    async def upload(self, api: RestApi, *, cancelled: Callable[[], bool] = lambda: False) -> Attachment:
        """Send it, going on with what was kept."""
        begun = self.kept[-1] if self.kept else None
        return await api.upload(self.path, self.progress.append, cancelled, begun, self.kept.append)

    async def begin(self, ada: Account) -> None:
        """Send more than one piece of it, as if the app had ended then: nothing is told to the server."""
        with pytest.raises(Unreachable):
            await self.upload(ada.api, cancelled=lambda: self._hang_up_after_one(ada))
        assert len(self.kept) == 1

    def _hang_up_after_one(self, ada: Account) -> bool:
        """Asked before each part of a piece; never cancels."""
        if self.progress and self.progress[-1] > 1.5 / _PIECES:
            ada.rest.closed = True
            raise Unreachable("The app was ended.")
        return False

    async def is_whole(self, ada: Account, attachment: Attachment) -> bool:
        """Whether the server hands out the same bytes."""
        target = self.path.with_suffix(".back")
        await ada.api.download(attachment.file_url, target)
        return target.read_bytes() == self.path.read_bytes()


async def received(ada: Account, begun: BegunUpload) -> int:
    """How much of it the server has."""
    answer = await ada.rest.work(lambda: ada.rest.send("GET", begun.url, token=ada.keeper.fresh(), further=_TUS))
    state: int = answer.json()["received"]
    return state


_TUS = {tus.VERSION_HEADER: tus.VERSION}


def again(ada: Account) -> None:
    """The app has been started again."""
    ada.rest.closed = False


def test_a_large_file_goes_up_in_pieces(server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada, pen = sign_up(server), Pen(tmp_path)
        attachment = await pen.upload(ada.api)
        assert (attachment.file_name, attachment.file_size) == ("film.bin", len(pen.data))
        assert await pen.is_whole(ada, attachment)
        assert pen.progress == sorted(pen.progress)
        assert pen.progress[-1] == 1.0
        assert len(pen.progress) <= 101
        assert await pen.upload(ada.api) == attachment, "a lost answer is asked for again"
        await hang_up(ada)

    asyncio.run(scene())


def test_the_app_and_the_server_die_and_it_goes_on_from_the_last_piece(tmp_path: Path) -> None:
    async def scene(server: RunningServer) -> None:
        ada, pen = sign_up(server), Pen(tmp_path)
        await pen.begin(ada)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        again(ada)
        # The piece that was under way may have arrived whole.
        stored = await received(ada, pen.kept[0])
        assert stored in (PIECE_BYTES, 2 * PIECE_BYTES)
        pen.progress.clear()
        assert await pen.is_whole(ada, await pen.upload(ada.api))
        assert pen.progress[0] == pytest.approx(stored / PIECE_BYTES / _PIECES, abs=0.02)
        assert len(pen.kept) == 1
        await hang_up(ada)

    with RunningServer(tmp_path / "server") as server:
        asyncio.run(scene(server))
    assert server.complaints() == []


@pytest.mark.parametrize("change", ["content", "expired", "elsewhere"])
def test_what_cannot_go_on_starts_anew(server: RunningServer, tmp_path: Path, change: str) -> None:
    async def scene() -> None:
        ada, pen = sign_up(server), Pen(tmp_path)
        await pen.begin(ada)
        again(ada)
        if change == "content":
            await asyncio.to_thread(Pen, tmp_path, 2)
            os.utime(pen.path, (1, 1))
        elif change == "expired":
            await ada.api.abandon(pen.kept[0])
        else:
            pen.kept[0] = BegunUpload(f"{tus.PATH}/{'0' * 32}", pen.kept[0].size, pen.kept[0].changed_ns)
        assert await pen.is_whole(ada, await pen.upload(ada.api))
        assert len(pen.kept) == 2
        await hang_up(ada)

    asyncio.run(scene())


def test_a_change_that_nobody_could_see_is_found_by_its_hash(server: RunningServer, tmp_path: Path) -> None:
    """Same size, same time, other bytes: the whole is not what was announced, so it is announced anew."""

    async def scene() -> None:
        ada, pen = sign_up(server), Pen(tmp_path)
        await pen.begin(ada)
        again(ada)
        at = pen.kept[0].changed_ns
        await asyncio.to_thread(Pen, tmp_path, 2)
        os.utime(pen.path, ns=(at, at))
        assert await pen.is_whole(ada, await pen.upload(ada.api))
        assert len(pen.kept) == 2
        await hang_up(ada)

    asyncio.run(scene())


def test_a_file_that_never_keeps_still_is_given_up(server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada, pen = sign_up(server), Pen(tmp_path)
        times = iter(range(1, 10**6))

        def stir() -> bool:
            os.utime(pen.path, (1, next(times)))
            return False

        with pytest.raises(OSError, match="does not stay") as error:
            await pen.upload(ada.api, cancelled=stir)
        assert error.value.filename == str(pen.path)
        await hang_up(ada)

    asyncio.run(scene())


def test_a_cancelled_upload_is_forgotten_by_the_server(server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada, pen = sign_up(server), Pen(tmp_path)
        with pytest.raises(Cancelled):
            await pen.upload(ada.api, cancelled=lambda: bool(pen.progress) and pen.progress[-1] > 0.5)
        assert pen.progress[-1] < 0.8
        with pytest.raises(Refused):
            await received(ada, pen.kept[0])
        await hang_up(ada)

    asyncio.run(scene())


def test_a_token_that_ends_in_the_middle_is_traded(server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada, pen = sign_up(server), Pen(tmp_path)

        def spoil() -> bool:
            if not ada.kept and pen.progress:
                ada.keeper._access_token = "spoiled"  # noqa: SLF001 - a token dies by the server's clock, not ours
            return False

        assert await pen.is_whole(ada, await pen.upload(ada.api, cancelled=spoil))
        assert ada.kept
        await hang_up(ada)

    asyncio.run(scene())


def test_a_server_that_knows_no_pieces_gets_the_file_whole(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tus, "PATH", "/api/of-another-version")

    async def scene() -> None:
        ada, pen = sign_up(server), Pen(tmp_path)
        assert await pen.is_whole(ada, await pen.upload(ada.api))
        assert not pen.kept
        await hang_up(ada)

    asyncio.run(scene())


def test_uploads_through_cuts_are_whole_and_cost_a_piece_a_cut() -> None:
    """The small dose of fault F15; the large one is `python -m tests.desktop.net.cuts`."""
    came, left = cuts.run(files=10, cuts=5, seed=11, largest=15_000_000)
    assert came.faults == []
    assert left == []
    assert came.files == 10
    assert came.cuts > 30
    assert came.sent_again > 0


def test_the_carrier_says_where_no_answer_comes_at_all(tmp_path: Path) -> None:
    pen = Pen(tmp_path)

    def nobody(*_request: object) -> object:
        raise Unreachable("Nobody is there.")

    carrier = UploadInPieces(nobody, pen.path, pen.progress.append, lambda: False, pen.kept.append)  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        carrier.run(None)
    with pytest.raises(Unreachable):
        carrier.run(BegunUpload(f"{tus.PATH}/0", len(pen.data), pen.path.stat().st_mtime_ns))
