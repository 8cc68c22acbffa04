"""Bytes on disk: whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest

from protocol.errors import ErrorCode, Refused
from server.storage.blobs import FolderBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    """A store in an empty folder."""
    return FolderBlobs(tmp_path / "blobs", min_free_bytes=0)


def test_what_was_written_can_be_read_by_its_hash(blobs: FolderBlobs) -> None:
    incoming = blobs.receive(100)
    incoming.write(b"hel")
    incoming.write(b"lo")
    digest = blobs.keep(incoming)
    assert digest == hashlib.sha256(b"hello").hexdigest()
    assert blobs.path(digest).read_bytes() == b"hello"
    assert list(blobs.digests()) == [digest]


def test_a_file_over_the_limit_is_refused_before_it_is_written(blobs: FolderBlobs) -> None:
    incoming = blobs.receive(4)
    with pytest.raises(Refused) as refusal:
        incoming.write(b"hello")
    assert refusal.value.code == ErrorCode.FILE_TOO_LARGE
    assert incoming.path.stat().st_size == 0
    incoming.drop()
    assert not incoming.path.exists()


def test_two_files_of_the_same_bytes_are_one(blobs: FolderBlobs) -> None:
    for _ in range(2):
        incoming = blobs.receive(10)
        incoming.write(b"same")
        digest = blobs.keep(incoming)
    assert list(blobs.digests()) == [digest]


def test_a_removed_blob_is_gone_with_its_thumbnail(blobs: FolderBlobs, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.write_bytes(b"tiny")
    incoming = blobs.receive(10)
    incoming.write(b"big")
    digest = blobs.keep(incoming, small)
    assert blobs.thumbnail(digest).read_bytes() == b"tiny"
    blobs.remove(digest)
    with pytest.raises(FileNotFoundError):
        blobs.path(digest)
    with pytest.raises(FileNotFoundError):
        blobs.thumbnail(digest)
    blobs.remove(digest)


def test_a_nearly_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    full = FolderBlobs(tmp_path, min_free_bytes=shutil.disk_usage(tmp_path).total + 1)
    with pytest.raises(Refused) as refusal:
        full.receive(10)
    assert refusal.value.code == ErrorCode.STORAGE_FULL
    assert refusal.value.retryable


def test_the_sweep_takes_dead_uploads_and_leaves_live_ones(blobs: FolderBlobs) -> None:
    dead, live = blobs.receive(10), blobs.receive(10)
    dead.close()
    yesterday = time.time() - 25 * 3600
    os.utime(dead.path, (yesterday, yesterday))
    blobs.sweep()
    assert not dead.path.exists()
    assert live.path.exists()
    live.drop()
