"""Messages that change: edited, deleted, reacted to, pinned, starred; who may, what is told, what is left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from protocol.commands import OpenGroup, Page, PatchMember, PatchOwn
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from protocol.shapes import Message
from server.services import changes, pins
from server.services.ports import Actor
from server.services.reactions import EMOJI_MAX
from server.storage.attachments import key_of
from server.storage.tables import edits, mentions, reactions, stars
from tests.server.databases import on_both
from tests.server.files.media import picture
from tests.server.services.setting import Setting

FAMILY = "👨‍👩‍👧‍👦"


def refused(act: Callable[[], object]) -> ErrorCode:
    """The code of a refusal."""
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.message.endswith(".")
    return ErrorCode(caught.value.code)


def rows(setting: Setting, *tables: Any) -> list[int]:
    """How many rows these tables have."""
    with setting.database.read() as snapshot:
        return [len(snapshot.execute(table.select()).all()) for table in tables]


def latest(setting: Setting, actor: Actor, room: int) -> list[Message]:
    """The conversation as it is read now."""
    return setting.messages.page(actor, room, Page()).messages


@on_both
def test_an_edit_is_told_kept_and_read_by_all(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    first = setting.say(ada, direct, "first")
    second = setting.edit(ada, first, "  second \n")
    third = setting.edit(ada, first, "third")
    assert (second.content, third.content) == ("  second", "third")
    assert (second.version, third.version) == (first.version + 1, first.version + 2)
    assert third.edited_at is not None
    assert setting.told("message_updated", ben) == setting.told("message_updated", ada) == [second, third]
    assert latest(setting, ben, direct) == [third]
    history = setting.changes.history(ben, first.message_id)
    assert [edit.content for edit in history] == ["first", "  second"]
    assert history[0].edited_at < history[1].edited_at or history[0] != history[1]


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
    assert latest(setting, ada, direct)[0] == words


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
    assert latest(setting, ben, direct)[1] == setting.told("message_updated", ben)[-1] == grave


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
    assert latest(setting, ben, direct)[1:] == told[:2]
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
    assert [message.version for message in latest(setting, ben, direct)[1:]] == [head + 1, head + 2, head + 3]


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
    assert latest(setting, ben, direct) == [less]


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


@on_both
def test_a_pin_is_the_conversations_and_a_line_in_it(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    message = setting.say(ada, direct)
    pinned = setting.pins.pin(ben, message.message_id, on=True)
    assert [(pin.message_id, pin.position, pin.user_id) for pin in pinned.pins] == [
        (message.message_id, message.position, ben.user_id)
    ]
    line = pinned.last_message
    assert line is not None
    assert (line.type, line.sender_id, line.content) == ("system", ben.user_id, "Ben pinned a message")
    assert line.happening is not None
    assert (line.happening.kind, line.happening.message_id) == ("pinned", message.message_id)
    assert setting.told("conversation_updated", ada)[-1].pins == pinned.pins
    assert setting.told("new_message", ada)[-1] == line
    assert setting.pins.pin(ada, message.message_id, on=True).pins == pinned.pins
    assert setting.pins.pin(ada, message.message_id, on=False).pins == []
    assert setting.told("conversation_updated", ben)[-1].pins == []
    assert setting.pins.pin(ada, message.message_id, on=False).head == pinned.head + 1


def test_pins_and_stars_have_an_end(
    setting: Setting, ada: Actor, eve: Actor, direct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "PINS_MAX", 1)
    monkeypatch.setattr(pins, "STARS_MAX", 1)
    one, two = setting.say(ada, direct), setting.say(ada, direct)
    for act in (setting.pins.pin, setting.pins.star):
        act(ada, one.message_id, on=True)
        assert refused(partial(act, ada, two.message_id, on=True)) == ErrorCode.INVALID_REQUEST
        assert refused(partial(act, eve, two.message_id, on=True)) == ErrorCode.NOT_FOUND
    setting.delete(ada, two)
    for act in (setting.pins.pin, setting.pins.star):
        act(ada, one.message_id, on=False)
        assert refused(partial(act, ada, two.message_id, on=True)) == ErrorCode.INVALID_REQUEST


@on_both
def test_stars_are_ones_own(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    one, two = setting.say(ada, direct), setting.say(ada, direct)
    setting.pins.star(ben, two.message_id, on=True)
    own = setting.pins.star(ben, one.message_id, on=True)
    assert own.starred == [two.message_id, one.message_id]
    assert setting.pins.star(ben, one.message_id, on=True) == own
    told = setting.told("own_updated", ben)
    assert [(signal.own.starred, signal.user_version) for signal in told] == [
        ([two.message_id], 1),
        ([two.message_id, one.message_id], 2),
    ]
    assert setting.told("own_updated", ada) == []
    assert setting.pins.star(ben, two.message_id, on=False).starred == [one.message_id]
    setting.delete(ada, one)
    assert setting.told("own_updated", ben)[-1].own.starred == []


@on_both
def test_unread_mentions_are_counted(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    def count() -> int:
        own = setting.conversations.get(ben, direct).own
        assert own
        return own.mentions

    sent = [setting.say(ada, direct, str(n), mentions=[ben.user_id] if n % 2 else []) for n in range(6)]
    setting.say(ada, direct, None, file_url=setting.upload(ada).file_url, mentions=[ben.user_id])
    assert count() == 4
    setting.edit(ada, sent[1], "no more")
    setting.edit(ada, sent[2], "you", mentions=[ben.user_id])
    assert count() == 4
    setting.delete(ada, sent[5])
    assert count() == 3
    assert setting.told("own_updated", ben)[-1].own.mentions == 3
    setting.read(ben, direct, 3)
    assert count() == 2
    setting.read(ben, direct)
    assert count() == 0


@on_both
def test_unread_counts_follow_deletions_and_not_edits(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    def count() -> int:
        own = setting.conversations.get(ben, direct).own
        assert own
        return own.unread_count

    sent = [setting.say(ada, direct, str(n)) for n in range(4)]
    setting.edit(ada, sent[0], "other")
    setting.react(ben, sent[0])
    assert count() == 4
    setting.delete(ada, sent[3])
    assert count() == setting.told("own_updated", ben)[-1].own.unread_count == 3
    setting.read(ben, direct)
    before = len(setting.told("own_updated", ben))
    setting.delete(ada, sent[0])
    assert len(setting.told("own_updated", ben)) == before


@on_both
def test_readers_are_told_with_the_first_time(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    one = setting.say(ada, direct)
    assert setting.messages.readers(ada, one.message_id) == []
    setting.read(ben, direct)
    two = setting.say(ada, direct)
    first = setting.messages.readers(ada, one.message_id)
    assert [(reader.user.username, reader.read_at) for reader in first] == [
        ("ben", latest(setting, ada, direct)[0].read_at)
    ]
    setting.read(ben, direct)
    assert setting.messages.readers(ben, one.message_id) == first
    assert len(setting.messages.readers(ben, two.message_id)) == 1
    assert refused(lambda: setting.messages.readers(eve, one.message_id)) == ErrorCode.NOT_FOUND
    assert refused(lambda: setting.changes.history(eve, one.message_id)) == ErrorCode.NOT_FOUND


@on_both
def test_a_forward_says_the_same_and_names_who_said_it_first(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    file = setting.upload(ada, picture(size=(8, 8)), "cat.png").file_url
    original = setting.say(ada, direct, "look", file_url=file, mentions=[ben.user_id])
    elsewhere = setting.direct(ben, eve)
    once = setting.say(ben, elsewhere, None, forward_of=original.message_id)
    assert (once.content, once.type, once.mentions) == ("look", "image", [])
    assert once.attachments[0].file_url != original.attachments[0].file_url
    assert once.attachments[0].file_name == "cat.png"
    assert setting.uploads.open(eve, key_of(once.attachments[0].file_url) or "").size == original.file_size
    third = setting.direct(eve, ada)
    twice = setting.say(eve, third, None, forward_of=once.message_id)
    for message in (once, twice):
        source = message.forwarded_from
        assert source is not None
        assert (source.sender_id, source.sender_name, source.created_at) == (ada.user_id, "Ada", original.created_at)
    setting.delete(ada, original)
    assert latest(setting, eve, elsewhere) == [once]


@on_both
def test_a_forward_repeats_as_a_send_does(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    original, other = setting.say(ada, direct, "one"), setting.say(ada, direct, "one")
    uid = new_uid()
    once = setting.say(ben, direct, None, forward_of=original.message_id, uid=uid)
    setting.edit(ada, original, "two")
    assert setting.say(ben, direct, None, forward_of=original.message_id, uid=uid) == once
    others: list[dict[str, Any]] = [{"content": "one"}, {"content": None, "forward_of": other.message_id}]
    for more in others:
        assert refused(partial(setting.say, ben, direct, uid=uid, **more)) == ErrorCode.IDEMPOTENCY_CONFLICT


def test_what_cannot_be_forwarded(setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int) -> None:
    words, gone = setting.say(ada, direct), setting.say(ada, direct)
    setting.delete(ada, gone)
    line = setting.pins.pin(ada, words.message_id, on=True).last_message
    assert line is not None
    elsewhere = setting.direct(ben, eve)
    for message in (gone, line):
        send: dict[str, Any] = {"forward_of": message.message_id}
        assert refused(partial(setting.say, ben, elsewhere, None, **send)) == ErrorCode.INVALID_REQUEST
    assert refused(lambda: setting.say(eve, elsewhere, None, forward_of=words.message_id)) == ErrorCode.NOT_FOUND
    own_words: list[dict[str, Any]] = [
        {"content": "x"},
        {"mentions": [1]},
        {"reply_to_uid": new_uid()},
        {"type": "text"},
    ]
    for said in own_words:
        send = {"content": None, **said, "forward_of": words.message_id}
        assert refused(partial(setting.say, ben, direct, **send)) == ErrorCode.INVALID_REQUEST
    assert latest(setting, ben, elsewhere) == []


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
    system = latest(setting, ada, room)[0]
    assert system.happening is not None
    assert refused(lambda: setting.delete(ada, system)) == ErrorCode.FORBIDDEN
    assert refused(lambda: setting.react(ada, system)) == ErrorCode.INVALID_REQUEST


@on_both
def test_who_hides_receipts_is_no_reader(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    command = OpenGroup(kind="group", title="Team", member_ids=[ben.user_id, eve.user_id])
    room = setting.groups.make(ada, command)[0].conversation_id
    message = setting.say(ada, room)
    setting.own_facts.patch(ben, room, PatchOwn(hides_receipts=True))
    for actor in (ben, eve):
        setting.read(actor, room)
    readers = setting.messages.readers(ada, message.message_id)
    assert [reader.user.user_id for reader in readers] == [eve.user_id]
    setting.groups.remove(ada, room, eve.user_id)
    assert setting.messages.readers(ada, message.message_id) == []
