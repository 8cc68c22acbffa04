"""Messages that change: edited, deleted, reacted to; who may, what is told, what is left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from protocol.commands import OpenGroup, Page, PatchMember, PatchOwn
from protocol.errors import ErrorCode
from protocol.ids import new_uid
from server.services import changes
from server.services.ports import Actor
from server.services.reactions import EMOJI_MAX
from server.storage.attachments import key_of
from server.storage.tables import edits, mentions, reactions, stars
from tests.server.databases import on_both
from tests.server.files.media import picture
from tests.server.services.setting import Setting, refused

FAMILY = "👨‍👩‍👧‍👦"


def rows(setting: Setting, *tables: Any) -> list[int]:
    """How many rows these tables have."""
    with setting.database.read() as snapshot:
        return [len(snapshot.execute(table.select()).all()) for table in tables]


@on_both
def test_an_edit_is_told_kept_and_read_by_all(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    first = setting.say(ada, direct, "first")
    second = setting.edit(ada, first, "  second \n")
    third = setting.edit(ada, first, "third")
    assert (second.content, third.content) == ("  second", "third")
    assert (second.version, third.version) == (first.version + 1, first.version + 2)
    assert third.edited_at is not None
    assert setting.told("message_updated", ben) == setting.told("message_updated", ada) == [second, third]
    assert setting.latest(ben, direct) == [third]
    history = setting.changes.history(ben, first.message_id)
    assert [edit.content for edit in history] == ["first", "  second"]
    assert history[0].edited_at < history[1].edited_at


@on_both
def test_the_same_text_again_changes_nothing(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    first = setting.say(ada, direct, "words", mentions=[ben.user_id])
    assert setting.edit(ada, first, "words ", mentions=[ben.user_id]) == first
    assert setting.told("message_updated", ada) == []
    assert setting.changes.history(ada, first.message_id) == []


def test_what_cannot_be_edited(setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int) -> None:
    words = setting.say(ada, direct, "words")
    system = setting.pins.pin(ada, words.message_id, on=True).last_message
    assert system is not None
    elsewhere = setting.direct(ada, eve)
    forwarded = setting.say(ada, elsewhere, None, forward_of=words.message_id)
    gone = setting.say(ada, direct, "gone")
    setting.delete(ada, gone)
    for message in (system, forwarded, gone):
        assert refused(partial(setting.edit, ada, message, "other")) == ErrorCode.FORBIDDEN
    assert refused(lambda: setting.edit(ben, words, "other")) == ErrorCode.FORBIDDEN
    assert refused(lambda: setting.edit(eve, words, "other")) == ErrorCode.NOT_FOUND
    assert refused(lambda: setting.edit(ada, words, " \n ")) == ErrorCode.EMPTY_CONTENT
    assert refused(lambda: setting.edit(ada, words, "x" * 16_001)) == ErrorCode.CONTENT_TOO_LONG
    assert setting.latest(ada, direct)[0] == words


def test_a_caption_comes_changes_and_goes(setting: Setting, ada: Actor, direct: int) -> None:
    message = setting.say(ada, direct, None, file_url=setting.upload(ada).file_url)
    assert setting.edit(ada, message, "a caption").content == "a caption"
    bare = setting.edit(ada, message, "")
    assert (bare.content, bare.attachments) == (None, message.attachments)


@on_both
def test_a_tombstone_keeps_its_place_and_nothing_else(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    quoted = setting.say(ben, direct, "quoted")
    url = setting.upload(ada, picture(size=(9, 9)), "cat.png").file_url
    message = setting.say(ada, direct, "old", file_url=url, reply_to_uid=quoted.uid, mentions=[ben.user_id])
    for act in (
        lambda: setting.edit(ada, message, "new", mentions=[ben.user_id]),
        lambda: setting.react(ben, message),
        lambda: setting.pins.star(ben, message.message_id, on=True),
        lambda: setting.pins.pin(ben, message.message_id, on=True),
    ):
        act()
    grave = setting.delete(ada, message)
    assert grave.deleted_at is not None
    kept = ("message_id", "uid", "position", "sender_id", "created_at", "type")
    assert [getattr(grave, name) for name in kept] == [getattr(message, name) for name in kept]
    assert (grave.content, grave.attachments, grave.reply_to, grave.reactions) == (None, [], None, [])
    assert (grave.mentions, grave.file_url, grave.edited_at) == ([], None, None)
    assert rows(setting, edits, mentions, reactions, stars) == [0, 0, 0, 0]
    conversation = setting.conversations.get(ben, direct)
    assert conversation.pins == []
    assert conversation.own
    assert conversation.own.starred == []
    assert setting.changes.history(ben, message.message_id) == []
    for actor in (ada, ben):
        assert refused(partial(setting.uploads.open, actor, key_of(url) or "")) == ErrorCode.NOT_FOUND
    assert setting.latest(ben, direct)[1] == setting.told("message_updated", ben)[-1] == grave


@on_both
def test_the_bytes_of_a_deleted_file_go_unless_another_message_has_them(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    message = setting.say(ada, direct, None, file_url=setting.upload(ada).file_url)
    other = setting.say(ben, direct, None, forward_of=message.message_id)

    def bytes_left() -> int:
        # Lined up after the commit: whatever is written now comes after the removal.
        setting.say(ada, direct, "later")
        return len([*setting.blobs.digests()])

    setting.delete(ada, message)
    assert bytes_left() == 1
    assert setting.uploads.open(ada, key_of(other.attachments[0].file_url) or "").size == other.file_size
    setting.delete(ben, other)
    assert bytes_left() == 0


def test_what_was_deleted_is_nowhere_in_the_database(tmp_path: Path) -> None:
    house = Setting(tmp_path)
    ada = house.person("ada")
    room = house.direct(ada, house.person("ben"))
    house.say(ada, room, "a canary that stays")
    edited = house.say(ada, room, "canary-edited")
    house.edit(ada, edited, "canary-later")
    for message in (house.say(ada, room, "canary-short"), house.say(ada, room, "canary-long " * 900), edited):
        house.delete(ada, message)
    house.close()
    data = (tmp_path / "hearth.db").read_bytes()
    assert b"a canary that stays" in data
    assert [word for word in (b"canary-edited", b"canary-later", b"canary-short", b"canary-long") if word in data] == []


def test_deleting_again_changes_nothing_and_only_ones_own_goes(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    message = setting.say(ada, direct)
    assert refused(lambda: setting.delete(ben, message)) == ErrorCode.FORBIDDEN
    assert refused(lambda: setting.delete(eve, message)) == ErrorCode.NOT_FOUND
    grave = setting.delete(ada, message)
    assert setting.delete(ada, message) == grave
    assert len(setting.told("message_updated", ben)) == 1


@on_both
def test_what_quotes_a_changed_message_has_a_new_version_and_is_told(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    quoted = setting.say(ada, direct, "old")
    first = setting.say(ben, direct, "one", reply_to_uid=quoted.uid)
    second = setting.say(ada, direct, "two", reply_to_uid=quoted.uid)
    edited = setting.edit(ada, quoted, "new")
    told = setting.told("message_updated", ben)
    assert [one.message_id for one in told] == [first.message_id, second.message_id, quoted.message_id]
    assert [one.version for one in told] == [*range(second.version + 1, second.version + 4)]
    assert [one.reply_to.content for one in told[:2] if one.reply_to] == ["new", "new"]
    setting.announced.clear()
    setting.delete(ada, quoted)
    told = setting.told("message_updated", ben)
    assert [(one.reply_to.deleted, one.reply_to.content) for one in told[:2]] == [(True, None)] * 2
    assert setting.latest(ben, direct)[1:] == told[:2]
    assert edited.version < told[0].version


def test_an_edit_past_what_a_quote_shows_leaves_the_quotes_alone(setting: Setting, ada: Actor, direct: int) -> None:
    quoted = setting.say(ada, direct, "w" * 300)
    setting.say(ada, direct, "reply", reply_to_uid=quoted.uid)
    setting.edit(ada, quoted, "w" * 299)
    assert len(setting.told("message_updated", ada)) == 1


def test_many_quotes_are_numbered_before_the_quoted_and_found_by_sync(
    setting: Setting, ada: Actor, ben: Actor, direct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "QUOTES_TOLD_MAX", 2)
    quoted = setting.say(ada, direct, "old")
    for number in range(3):
        setting.say(ben, direct, f"{number}", reply_to_uid=quoted.uid)
    head = setting.messages.page(ben, direct, Page()).head
    edited = setting.edit(ada, quoted, "new")
    assert setting.told("message_updated", ben) == [edited]
    assert edited.version == head + 4
    assert [message.version for message in setting.latest(ben, direct)[1:]] == [head + 1, head + 2, head + 3]


@on_both
def test_reactions_are_grouped_counted_once_and_taken_away(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    message = setting.say(ada, direct)
    setting.react(ada, message, FAMILY)
    once = setting.react(ben, message, "❤")
    assert setting.react(ben, message, "❤\ufe0f") == once
    both = setting.react(ada, message, "❤\ufe0f")
    assert [(one.emoji, one.user_ids) for one in both.reactions] == [
        (FAMILY, [ada.user_id]),
        ("❤\ufe0f", [ben.user_id, ada.user_id]),
    ]
    assert [one.version for one in setting.told("message_updated", ben)] == [
        message.version + 1,
        message.version + 2,
        message.version + 3,
    ]
    less = setting.react(ada, message, FAMILY, on=False)
    assert [one.emoji for one in less.reactions] == ["❤\ufe0f"]
    assert setting.react(ada, message, FAMILY, on=False) == less
    assert setting.latest(ben, direct) == [less]


def test_what_is_no_reaction(setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int) -> None:
    message, gone = setting.say(ada, direct), setting.say(ada, direct)
    setting.delete(ada, gone)
    for text in ("", "a", "👍👍", "👍 ", "<b>", "\u200d", "1", "👍" * 70):
        assert refused(partial(setting.react, ada, message, text)) == ErrorCode.INVALID_REQUEST
    assert refused(lambda: setting.react(ben, gone)) == ErrorCode.INVALID_REQUEST
    assert refused(lambda: setting.react(eve, message)) == ErrorCode.NOT_FOUND
    for number in range(EMOJI_MAX):
        setting.react(ada, message, chr(0x1F600 + number))
    assert refused(lambda: setting.react(ada, message, "👍")) == ErrorCode.INVALID_REQUEST
    assert len(setting.react(ben, message, "\U0001f600").reactions) == EMOJI_MAX


def test_a_send_repeated_after_its_message_was_deleted_learns_so(setting: Setting, ada: Actor, direct: int) -> None:
    file = setting.upload(ada).file_url
    sends: list[dict[str, Any]] = [{"content": "words"}, {"content": None, "file_url": file}]
    for send in sends:
        uid = new_uid()
        grave = setting.delete(ada, setting.say(ada, direct, uid=uid, **send))
        assert setting.say(ada, direct, uid=uid, **send) == grave


def test_whom_somebody_has_blocked_changes_nothing_there(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    mine, theirs = setting.say(ben, direct), setting.say(ada, direct)
    setting.own_facts.patch(ada, direct, PatchOwn(blocked=True))
    acts: list[Callable[[], object]] = [
        lambda: setting.edit(ben, mine, "other"),
        lambda: setting.react(ben, theirs),
        lambda: setting.pins.pin(ben, theirs.message_id, on=True),
        lambda: setting.say(ben, direct, None, forward_of=theirs.message_id),
    ]
    for act in acts:
        assert refused(act) == ErrorCode.FORBIDDEN
    assert setting.delete(ben, mine).deleted_at is not None


@on_both
def test_in_a_group_its_admins_delete_and_pin(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    command = OpenGroup(kind="group", title="Team", member_ids=[ben.user_id, eve.user_id])
    room = setting.groups.make(ada, command)[0].conversation_id
    message, other = setting.say(ben, room), setting.say(ada, room)
    assert refused(lambda: setting.delete(eve, message)) == ErrorCode.FORBIDDEN
    assert refused(lambda: setting.pins.pin(ben, message.message_id, on=True)) == ErrorCode.FORBIDDEN
    assert len(setting.pins.pin(ada, message.message_id, on=True).pins) == 1
    assert setting.delete(ada, message).deleted_at is not None
    setting.groups.set_role(ada, room, eve.user_id, PatchMember(role="admin"))
    assert len(setting.pins.pin(eve, other.message_id, on=True).pins) == 1
    assert setting.delete(eve, other).deleted_at is not None
    assert refused(lambda: setting.edit(eve, setting.say(ben, room), "not mine")) == ErrorCode.FORBIDDEN
    system = setting.latest(ada, room)[0]
    assert system.happening is not None
    assert refused(lambda: setting.delete(ada, system)) == ErrorCode.FORBIDDEN
    assert refused(lambda: setting.react(ada, system)) == ErrorCode.INVALID_REQUEST
