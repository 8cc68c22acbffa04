"""What happens to a message's files on their way: uploaded first, gone on with, given up, and never sent by half."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from desktop.core.bubble import Bubble, Tick
from desktop.core.listops import Facet, Replace
from desktop.core.ports import BegunUpload
from protocol.errors import ErrorCode, Refused
from tests.desktop.core.talk import Talk, bubbles, ticks
from tests.desktop.doubles import until
from tests.desktop.fake_line import MemoryOutboxFile

Tell = Callable[[Any], None]


def test_files_are_uploaded_with_progress_and_sent_in_order(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\2\x80\0\0\1\xe0")
    (tmp_path / "notes.txt").write_text("notes")

    async def story() -> None:
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            seen: list[Any] = []
            timeline.operations.subscribe(seen.extend)
            await anna.send_files(talk.identity, [tmp_path / "picture.png", tmp_path / "notes.txt"], "Look")
            assert [(b.type, b.text, b.files[0].width) for b in bubbles(timeline)] == [
                ("image", "Look", 640),
                ("file", "", None),
            ]
            await until(lambda: ticks(timeline) == [Tick.SENT, Tick.SENT])
            stored = talk.server.conversations[talk.identity].messages
            assert [m.attachments[0].file_name for m in stored] == ["picture.png", "notes.txt"]
            assert [m.content for m in stored] == ["Look", None]
            shown = [
                one.row.files[0].progress
                for one in seen
                if isinstance(one, Replace) and Facet.PROGRESS in one.facets and isinstance(one.row, Bubble)
            ]
            assert 0.5 in shown
            assert 1.0 in shown

    tell(story)


def test_an_upload_can_be_cancelled(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")

    async def story() -> None:
        file = MemoryOutboxFile()
        talk.server.upload_gate = asyncio.Event()
        async with talk.session(file) as anna:
            timeline = anna.timeline(talk.identity)
            await anna.send_files(talk.identity, [tmp_path / "film.mp4"])
            await until(lambda: bubbles(timeline)[0].files[0].progress is not None)
            anna.cancel_upload(bubbles(timeline)[0].key)
            talk.server.upload_gate.set()
            await until(lambda: not bubbles(timeline))
            await until(lambda: not file.entries)
            assert talk.stored() == []

    tell(story)


def test_a_message_thrown_away_while_it_is_uploaded_is_not_sent(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")

    async def story() -> None:
        talk.server.upload_gate = asyncio.Event()
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            await anna.send_files(talk.identity, [tmp_path / "film.mp4"])
            await until(lambda: bubbles(timeline)[0].files[0].progress is not None)
            anna.discard(bubbles(timeline)[0].key)
            assert not bubbles(timeline)
            talk.server.upload_gate.set()
            await anna.send_text(talk.identity, "next")
            await until(lambda: talk.stored() == ["next"])

    tell(story)


def test_a_broken_upload_goes_on_when_the_line_is_back(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")

    async def story() -> None:
        async with talk.session() as anna:
            talk.server.cut()
            await anna.send_files(talk.identity, [tmp_path / "film.mp4"], "The film")
            await anna.send_text(talk.identity, "after it")
            await asyncio.sleep(0.1)
            talk.server.restore()
            await until(lambda: talk.stored() == ["The film", "after it"])

    tell(story)


def test_an_upload_goes_on_where_it_was_also_after_a_restart(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    begun = BegunUpload("/api/uploads/resumable/1", 4, 0)

    async def story() -> None:
        file = MemoryOutboxFile()
        talk.server.upload_gate = asyncio.Event()
        async with talk.session(file) as anna:
            await anna.send_files(talk.identity, [tmp_path / "film.mp4"])
            await until(lambda: [entry.begun for entry in file.entries.values()] == [begun])
        talk.server.upload_gate.set()
        async with talk.session(file) as anna:
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])
        assert talk.server.continued == [None, begun]

    tell(story)


def test_what_was_begun_is_given_up_with_the_message(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    begun = BegunUpload("/api/uploads/resumable/1", 4, 0)

    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            talk.server.refuse_next("upload_step", Refused(ErrorCode.STORAGE_FULL, "It is full.", retry_after_s=60))
            await anna.send_files(talk.identity, [tmp_path / "film.mp4"])
            await until(lambda: [entry.begun for entry in file.entries.values()] == [begun])
            anna.cancel_upload(bubbles(anna.timeline(talk.identity))[0].key)
            await until(lambda: talk.server.abandoned == [begun])
            assert not file.entries

    tell(story)


def test_a_server_without_room_for_files_takes_texts(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")

    async def story() -> None:
        async with talk.session() as anna:
            other = talk.server.open_direct(talk.anna.user_id, talk.server.add_user("carla").user_id)
            talk.server.refuse_next("upload", Refused(ErrorCode.STORAGE_FULL, "It is full.", retry_after_s=600))
            await anna.send_files(talk.identity, [tmp_path / "film.mp4"])
            await anna.send_text(other, "hello")
            await until(lambda: len(talk.server.conversations[other].messages) == 1)

    tell(story)


def test_an_upload_that_expired_is_repeated(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")

    async def story() -> None:
        async with talk.session() as anna:
            talk.server.refuse_next("send_message", Refused(ErrorCode.FILE_NOT_UPLOADED, "Upload it first."))
            await anna.send_files(talk.identity, [tmp_path / "notes.txt"])
            await until(lambda: ticks(anna.timeline(talk.identity)) == [Tick.SENT])
            assert len(talk.server.uploads) == 2

    tell(story)


def test_a_file_that_a_restored_server_has_lost_is_not_left_out_of_its_message(
    talk: Talk, tell: Tell, tmp_path: Path
) -> None:
    """What is sent again came from the server and lies in no folder here: better red than without its file."""
    (tmp_path / "notes.txt").write_text("notes")

    async def story() -> None:
        async with talk.session() as anna:
            await anna.send_files(talk.identity, [tmp_path / "notes.txt"], "read this")
            await until(lambda: talk.stored() == ["read this"] and anna.waiting.value == 0)
            talk.server.cut()
            talk.server.conversations[talk.identity].messages.clear()
            talk.server.epoch = "second"
            talk.server.refuse_next("send_message", Refused(ErrorCode.FILE_NOT_UPLOADED, "Upload it first."))
            talk.server.restore()
            await until(lambda: anna.connection.value.failed == 1)
            (row,) = anna.waiting_list.rows()
            assert (row.text, row.problem, [file.name for file in row.files]) == (
                "read this",
                "Upload it first.",
                ["notes.txt"],
            )
            assert talk.stored() == []

    tell(story)


def test_pictures_beside_each_other_are_one_message_and_files_are_one_each(
    talk: Talk, tell: Tell, tmp_path: Path
) -> None:
    names = ["a.png", "b.jpg", "note.txt", *(f"{number}.png" for number in range(11))]
    for name in names:
        (tmp_path / name).write_bytes(b"bytes")

    async def story() -> None:
        async with talk.session() as anna:
            named = (talk.ben.user_id,)
            await anna.send_files(talk.identity, [tmp_path / name for name in names], "All of it", mentions=named)
            messages = talk.server.conversations[talk.identity].messages
            await until(lambda: len(messages) == 4)
            assert [len(message.attachments) for message in messages] == [2, 1, 10, 1]
            assert [message.content for message in messages] == ["All of it", None, None, None]
            assert messages[0].mentions == [talk.ben.user_id]

    tell(story)


def test_pictures_sent_as_files_are_shown_as_files(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"bytes")

    async def story() -> None:
        async with talk.session() as anna:
            await anna.send_files(talk.identity, [tmp_path / "a.png", tmp_path / "b.png"], as_files=True)
            timeline = anna.timeline(talk.identity)
            assert [row.files[0].kind for row in bubbles(timeline)] == ["file", "file"]
            await until(lambda: ticks(timeline) == [Tick.SENT, Tick.SENT])
            assert [row.files[0].kind for row in bubbles(timeline)] == ["file", "file"]
            assert [row.type for row in bubbles(timeline)] == ["file", "file"]

    tell(story)
