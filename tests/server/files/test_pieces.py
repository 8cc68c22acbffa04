"""Files in pieces inside the house: what a crash, a full disk or a busy database leaves, and what is swept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protocol.accounts import Register
from protocol.errors import ErrorCode, Refused
from protocol.times import now_ms
from protocol.tus import UploadState
from server.services.house import House
from server.services.ports import Actor
from server.services.resumable import OPEN_MS, Resumable
from server.services.uploads import UNBOUND_MS
from server.storage.blobs import FolderBlobs, Incoming
from server.storage.partials import Partials, Whole
from tests.server.conftest import HouseFactory
from tests.server.databases import POSTGRES, Cluster, cluster, new_address
from tests.server.files import media

__all__ = ["cluster"]
Send = Callable[[str, int, bytes], UploadState]


@pytest.fixture
def actor(house: House) -> Actor:
    """Somebody with an account."""
    return _somebody(house)


def _somebody(house: House) -> Actor:
    """The same in any house."""
    person = Register(username="ada", password="correct horse battery", display_name="Ada")
    return house.accounts.authenticate(house.accounts.register(person, "127.0.0.1").access_token)


@pytest.fixture
def pieces(house: House) -> Resumable:
    """The house's uploads in pieces."""
    return house.uploads.resumable


@pytest.fixture
def send(pieces: Resumable, actor: Actor) -> Send:
    """A function that appends bytes to an upload at an offset."""

    def append(key: str, offset: int, data: bytes) -> UploadState:
        piece = pieces.piece(len(data))
        try:
            piece.write(data)
            return pieces.append(actor, key, offset, piece)
        finally:
            piece.drop()

    return append


def _lying(house: House) -> set[str]:
    """The names of all files in the store."""
    return {path.name for path in (house.config.data_dir / "blobs").rglob("*") if path.is_file()}


def _refused_once(monkeypatch: pytest.MonkeyPatch, house: House, *, at: int) -> None:
    """Have the database refuse the `at`th write from now on, as when it is busy; whatever else is written, is."""
    write, count = house.database.write, iter(range(1, 1000))

    def refuse(job: Any) -> Any:
        if next(count) == at:
            raise Refused(ErrorCode.UNAVAILABLE, "The server could not store this just now. Try again shortly.")
        return write(job)

    monkeypatch.setattr(house.database, "write", refuse)


@pytest.mark.parametrize("at", [1, 2])
def test_a_refused_write_loses_no_byte_that_was_told(
    house: House, pieces: Resumable, actor: Actor, send: Send, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The first write of the last piece notes its bytes, the second makes the attachment."""
    key, _ = pieces.begin(actor, 9, "", {"filename": "a.txt"})
    send(key, 0, b"012")
    _refused_once(monkeypatch, house, at=at)
    with pytest.raises(Refused) as refusal:
        send(key, 3, b"345678")
    assert refusal.value.code == ErrorCode.UNAVAILABLE
    state = pieces.state(actor, key)
    if at == 1:
        assert (state.received, state.attachment) == (3, None)
        state = send(key, 3, b"345678")
    assert state.attachment is not None, "asking is enough to have a whole file stored"
    stored = house.uploads.open(actor, state.attachment.file_url.split("/")[3])
    assert stored.path.read_bytes() == b"012345678"
    assert _lying(house) == {stored.path.name}


def test_who_died_after_the_bytes_were_in_their_place_is_repeated(
    house: House, pieces: Resumable, actor: Actor, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """The process is gone."""

    def die(_blobs: FolderBlobs, arrived: Any, _thumbnail: Path | None = None) -> str:
        keep(arrived)
        raise Died

    keep = house.uploads._blobs.keep  # noqa: SLF001 - the moment between two steps has no door
    key, _ = pieces.begin(actor, 5, "", {})
    with monkeypatch.context() as patch:
        patch.setattr(FolderBlobs, "keep", die)
        with pytest.raises(Died):
            send(key, 0, b"01234")
    assert hashlib.sha256(b"01234").hexdigest() in _lying(house)
    state = pieces.state(actor, key)
    assert state.attachment is not None
    assert _lying(house) == {hashlib.sha256(b"01234").hexdigest()}


def test_what_is_locked_elsewhere_is_busy(house: House, pieces: Resumable, actor: Actor, send: Send) -> None:
    key, _ = pieces.begin(actor, 5, "", {})
    other = Partials(house.config.data_dir / "blobs" / "partial")
    with other.locked(key):
        for act in (lambda: send(key, 0, b"01"), lambda: pieces.abandon(actor, key)):
            with pytest.raises(Refused) as refusal:
                act()
            assert (refusal.value.code, refusal.value.retryable) == (ErrorCode.UPLOAD_BUSY, True)
        assert pieces.state(actor, key).received == 0
    assert send(key, 0, b"01").received == 2


def test_bytes_that_are_gone_end_the_upload(house: House, pieces: Resumable, actor: Actor, send: Send) -> None:
    """After a restored backup the table may know of more than the folder holds."""
    key, _ = pieces.begin(actor, 5, "", {})
    send(key, 0, b"0123")
    os.truncate(house.config.data_dir / "blobs" / "partial" / key, 3)
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            pieces.state(actor, key)
        assert refusal.value.code == ErrorCode.NOT_FOUND
    assert _lying(house) == set()


def test_another_one_has_no_such_upload(house: House, pieces: Resumable, actor: Actor, send: Send) -> None:
    key, _ = pieces.begin(actor, 5, "", {})
    person = Register(username="eve", password="correct horse battery", display_name="Eve")
    eve = house.accounts.authenticate(house.accounts.register(person).access_token)
    piece = pieces.piece(5)
    for act in (
        lambda: pieces.state(eve, key),
        lambda: pieces.left(eve, key, 0),
        lambda: pieces.append(eve, key, 0, piece),
        lambda: pieces.abandon(eve, key),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == ErrorCode.NOT_FOUND
    piece.drop()
    assert send(key, 0, b"01234").attachment is not None


def test_what_does_not_become_whole_in_a_day_is_swept(
    house: House, pieces: Resumable, actor: Actor, send: Send
) -> None:
    coming, _ = pieces.begin(actor, 5, "", {})
    send(coming, 0, b"01")
    at = now_ms()
    house.uploads.sweep(at + OPEN_MS - 60_000)
    assert pieces.state(actor, coming).received == 2
    house.uploads.sweep(at + OPEN_MS + 1000)
    with pytest.raises(Refused):
        pieces.state(actor, coming)
    assert _lying(house) == set()


def test_an_old_file_that_nobody_names_is_swept_and_no_other(
    house: House, pieces: Resumable, actor: Actor, send: Send
) -> None:
    key, _ = pieces.begin(actor, 5, "", {})
    send(key, 0, b"01")
    blobs = house.config.data_dir / "blobs"
    stray, fresh = blobs / "partial" / ("0" * 32), blobs / "partial" / ("1" * 32)
    lost = blobs / "ab" / "cd" / ("abcd" + "0" * 60)
    lost.parent.mkdir(parents=True)
    for path in (stray, fresh, lost):
        path.write_bytes(b"left behind")
    upload = house.uploads.receive(actor)
    upload.write(b"somebody sees this")
    named = house.uploads.store(actor, upload, "a.txt")
    os.utime(stray, (0, 0))
    house.uploads.sweep()
    assert not stray.exists()
    assert fresh.exists()
    assert lost.exists()
    house.database.write(lambda unit: unit.connection.exec_driver_sql("UPDATE attachments SET expires_at = NULL"))
    assert house.uploads.sweep(now_ms() + UNBOUND_MS + 1000) == 1
    assert not lost.exists()
    assert house.uploads.open(actor, named.file_url.split("/")[3]).path.exists()


def test_the_same_bytes_again_and_where_files_have_one_name(
    house: House, pieces: Resumable, actor: Actor, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = media.picture()
    for round_ in range(3):
        if round_ == 2:
            monkeypatch.setattr(os, "link", _no_links)
            data += b"others"
        key, _ = pieces.begin(actor, len(data), "", {"filename": "a.png"})
        attachment = send(key, 0, data).attachment
        assert attachment is not None
        assert attachment.thumbnail_url is not None
        assert house.uploads.open(actor, attachment.file_url.split("/")[3]).path.read_bytes() == data
    assert len(_lying(house)) == 4


def _no_links(_source: object, _target: object) -> None:
    """A file system without hard links."""
    raise PermissionError(1, "Operation not permitted")


def test_a_whole_is_hashed_as_it_lies_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert Whole(path, 3).digest == hashlib.sha256(b"abc").hexdigest()


def test_postgresql_keeps_the_same_books(make_house: HouseFactory, tmp_path: Path, cluster: Cluster) -> None:
    with new_address(POSTGRES, tmp_path, cluster) as url:
        house = make_house(database_url=url)
        somebody, uploads = _somebody(house), house.uploads.resumable
        for size in (0, 6):
            key, state = uploads.begin(somebody, size, "filename Zg==", {"filename": "f\0\ud800.txt"})
            if size:
                for offset in (0, 3):
                    piece = uploads.piece(3)
                    piece.write(b"abc")
                    state = uploads.append(somebody, key, offset, piece)
                    piece.drop()
            assert state.attachment is not None
            assert uploads.state(somebody, key) == state
            assert (state.file_name, state.attachment.file_size) == ("f.txt", size)
        coming, _ = uploads.begin(somebody, 6, "", {})
        assert house.uploads.sweep(now_ms() + OPEN_MS + 60_000) == 2
        with pytest.raises(Refused):
            uploads.state(somebody, coming)
        assert _lying(house) == set()
        house.database.close()


def test_room_is_asked_for_before_a_file_begins(make_house: HouseFactory) -> None:
    house = make_house(free_bytes_min=10**15)
    with pytest.raises(Refused) as refusal:
        house.uploads.resumable.begin(_somebody(house), 10, "", {})
    assert refusal.value.code == ErrorCode.STORAGE_FULL


def test_a_disk_that_is_full_in_the_middle_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/dev/full")
    incoming = Incoming(tmp_path / "a", 10**9)
    with pytest.raises(Refused) as refusal:
        incoming.write(bytes(10**6))
    assert refusal.value.code == ErrorCode.STORAGE_FULL
    incoming.drop()
    assert not (tmp_path / "a").exists()
