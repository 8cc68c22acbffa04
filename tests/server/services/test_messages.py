"""Sending and reading: what is refused, what repeats, who may, and pages."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import insert, update

from protocol.commands import Page, SendMessage, SentFile
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from server.services.ports import Actor
from server.storage.attachments import key_of
from server.storage.tables import conversations, messages
from server.storage.unit import Unit
from tests.server.databases import on_both
from tests.server.files.media import picture
from tests.server.services.setting import Setting


def _refusal(setting: Setting, actor: Actor, conversation_id: int, content: str | None = "x", **more: Any) -> Refused:
    """The refusal of a send, which must leave nothing behind."""
    before = _state(setting)
    with pytest.raises(Refused) as caught:
        setting.say(actor, conversation_id, content, **more)
    assert _state(setting) == before
    return caught.value


def _state(setting: Setting) -> tuple[Any, ...]:
    """Everything a send could have touched."""
    with setting.database.read() as snapshot:
        tables = ("conversations", "messages", "members", "marks", "attachments")
        rows = [tuple(map(tuple, snapshot.exec_driver_sql(f"SELECT * FROM {name}"))) for name in tables]  # noqa: S608
    return (*rows, len(setting.announced))


@on_both
def test_a_message_is_stored_as_cleaned_and_told_to_both(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    message = setting.say(ada, direct, "\n\n  e\u0301 \u0007ok  \n", receiver_id=ben.user_id, sender_id=ada.user_id)
    assert message.content == "  é ok"
    assert (message.position, message.version, message.receiver_id) == (1, 4, ben.user_id)
    assert message.sender.username == "ada"
    assert not message.is_read
    assert setting.told("new_message", ada) == setting.told("new_message", ben) == [message]
    assert setting.messages.get(ben, message.message_id) == message


@pytest.mark.parametrize(
    ("content", "more", "code"),
    [
        (None, {}, ErrorCode.EMPTY_CONTENT),
        ("", {}, ErrorCode.EMPTY_CONTENT),
        (" \n\t\u0000\ud800 ", {}, ErrorCode.EMPTY_CONTENT),
        ("x" * 16_001, {}, ErrorCode.CONTENT_TOO_LONG),
        ("x", {"type": "system"}, ErrorCode.TYPE_MISMATCH),
        ("x", {"type": "image"}, ErrorCode.TYPE_MISMATCH),
        ("x", {"type": "file"}, ErrorCode.TYPE_MISMATCH),
        ("x", {"receiver_id": 999}, ErrorCode.WRONG_RECEIVER),
        ("x", {"sender_id": 2}, ErrorCode.NOT_YOURSELF),
        ("x", {"file_url": "https://example.com/cat.png"}, ErrorCode.FILE_NOT_UPLOADED),
        ("x", {"file_url": f"/api/files/{'0' * 32}/cat.png"}, ErrorCode.FILE_NOT_UPLOADED),
        ("x", {"attachments": [SentFile(file_url="/api/files/x/y")] * 11}, ErrorCode.TOO_MANY_ATTACHMENTS),
    ],
)
def test_what_cannot_be_sent_is_refused_and_leaves_nothing(
    setting: Setting, ada: Actor, direct: int, content: str | None, more: dict[str, Any], code: ErrorCode
) -> None:
    assert _refusal(setting, ada, direct, content, **more).code == code


@on_both
def test_sixteen_thousand_characters_are_not_too_long(setting: Setting, ada: Actor, direct: int) -> None:
    text = "🙂" * 16_000
    assert setting.say(ada, direct, text).content == text


def test_a_stranger_is_told_the_same_as_where_nothing_is(setting: Setting, eve: Actor, direct: int, ada: Actor) -> None:
    message = setting.say(ada, direct)
    hidden, absent = _refusal(setting, eve, direct), _refusal(setting, eve, 999_999)
    assert hidden.code == ErrorCode.NOT_FOUND
    assert hidden.body() == absent.body()
    for ask in (
        lambda: setting.messages.page(eve, direct, Page()),
        lambda: setting.messages.get(eve, message.message_id),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.code == ErrorCode.NOT_FOUND


@on_both
def test_the_same_uid_with_the_same_content_is_the_same_answer(setting: Setting, ada: Actor, direct: int) -> None:
    uid = new_uid()
    first = setting.messages.post(ada, SendMessage(conversation_id=direct, content="once", uid=uid))
    again = setting.messages.post(ada, SendMessage(conversation_id=direct, content="once  ", uid=uid.upper()))
    assert (first.created, again.created) == (True, False)
    assert again.message == first.message
    assert len(setting.told("new_message", ada)) == 1


@on_both
def test_a_retry_is_answered_also_to_somebody_removed_meanwhile(setting: Setting, ada: Actor, direct: int) -> None:
    files = [SentFile(file_url=setting.upload(ada).file_url)]
    sent = setting.say(ada, direct, "once", uid=new_uid(), attachments=files)
    setting.remove(ada, direct)
    assert setting.say(ada, direct, "once", uid=sent.uid, attachments=files) == sent
    assert _refusal(setting, ada, direct, "new").code == ErrorCode.NOT_FOUND


@on_both
def test_a_uid_taken_is_a_conflict_in_the_same_words_for_everybody(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    uid = setting.say(ada, direct, "mine", uid=new_uid()).uid
    other = setting.direct(ada, eve)
    own_file = setting.upload(ada).file_url
    refusals = [
        _refusal(setting, ada, direct, "changed", uid=uid),
        _refusal(setting, ada, other, "mine", uid=uid),
        _refusal(setting, ada, direct, "mine", uid=uid, reply_to_uid=new_uid()),
        _refusal(setting, ada, direct, "mine", uid=uid, file_url=own_file),
        _refusal(setting, ben, direct, "mine", uid=uid),
        _refusal(setting, eve, other, "mine", uid=uid),
        _refusal(setting, eve, direct, "mine", uid=uid),
    ]
    assert {refusal.code for refusal in refusals} == {ErrorCode.IDEMPOTENCY_CONFLICT}
    assert all(refusal.body() == refusals[0].body() for refusal in refusals)


@on_both
def test_two_copies_of_one_send_that_race_make_one_message(setting: Setting, ada: Actor, direct: int) -> None:
    command = SendMessage(conversation_id=direct, content="race", uid=new_uid())
    with ThreadPoolExecutor(8) as pool:
        posted = list(pool.map(lambda _: setting.messages.post(ada, command), range(8)))
    assert sum(one.created for one in posted) == 1
    assert {one.message.message_id for one in posted} == {posted[0].message.message_id}


@on_both
def test_positions_and_versions_are_contiguous_under_many_writers(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    def write(number: int) -> None:
        actor = ada if number % 2 else ben
        setting.say(actor, direct, f"message {number}")
        setting.read(actor, direct)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    page = setting.messages.page(ada, direct, Page())
    assert [message.position for message in page.messages] == list(range(1, 61))
    moved = [one.payload.version for one in setting.announced if one.event == "messages_read"]
    told = [one.payload.version for one in setting.announced if one.event == "new_message"]
    assert sorted([1, 2, 3, *moved, *told]) == list(range(1, page.head + 1))
    assert told == sorted(told), "announced in the order of commits"


@on_both
def test_a_file_goes_with_the_message_and_only_one_message_binds_it(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    file = setting.upload(ada)
    message = setting.say(ada, direct, None, file_url=file.file_url, file_name="renamed.txt")
    assert message.type == "file"
    assert message.content is None
    assert [one.attachment_id for one in message.attachments] == [file.attachment_id]
    assert (message.file_url, message.file_size) == (message.attachments[0].file_url, len(b"some plain words"))
    key = key_of(message.attachments[0].file_url)
    assert key is not None
    assert setting.uploads.open(ben, key).size == message.file_size
    forwarded = setting.say(ben, direct, "look", attachments=[SentFile(file_url=message.attachments[0].file_url)])
    assert forwarded.attachments[0].attachment_id != file.attachment_id
    assert forwarded.attachments[0].file_url != file.file_url


def test_somebody_elses_upload_cannot_be_sent(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    unbound = setting.upload(ada)
    bound = setting.say(ada, direct, None, file_url=setting.upload(ada).file_url).attachments[0]
    elsewhere = setting.direct(ben, eve)
    foreign = _refusal(setting, ben, direct, file_url=unbound.file_url)
    unseen = _refusal(setting, eve, elsewhere, file_url=bound.file_url)
    assert {foreign.code, unseen.code} == {ErrorCode.FILE_NOT_UPLOADED}


def test_a_message_is_an_image_only_when_the_bytes_are(setting: Setting, ada: Actor, direct: int) -> None:
    false = setting.upload(ada, b"<html>not a picture</html>", "cat.png")
    assert _refusal(setting, ada, direct, None, type="image", file_url=false.file_url).code == ErrorCode.TYPE_MISMATCH
    assert setting.say(ada, direct, None, file_url=false.file_url).type == "file"
    true = setting.upload(ada, picture(size=(8, 8)), "cat.bin")
    assert setting.say(ada, direct, None, type="image", file_url=true.file_url).type == "image"


@on_both
def test_a_quote_is_derived_when_read_and_only_inside_its_conversation(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    quoted = setting.say(ben, direct, "w" * 300)
    reply = setting.say(ada, direct, "yes", reply_to_uid=quoted.uid)
    assert reply.reply_to is not None
    assert (reply.reply_to.sender_name, reply.reply_to.content) == ("Ben", "w" * 200)
    assert reply.reply_to.position == quoted.position
    elsewhere = setting.direct(ada, eve)
    assert setting.say(ada, elsewhere, "see", reply_to_uid=quoted.uid).reply_to is None


@on_both
def test_mentions_are_members(setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int) -> None:
    mentioned = [ben.user_id, eve.user_id, ben.user_id, *range(10_000, 40_000)]
    assert setting.say(ada, direct, "hello", mentions=mentioned).mentions == [ben.user_id]


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Setting, Actor, int]]:
    """A conversation of 120 messages, by turns, that one of its members reads."""
    setting = Setting(tmp_path_factory.mktemp("talk"))
    pair = (setting.person("ada"), setting.person("ben"))
    direct = setting.direct(*pair)
    for number in range(120):
        setting.say(pair[number % 2], direct, str(number))
    yield setting, pair[1], direct
    setting.close()


@pytest.mark.parametrize(
    ("page", "positions"),
    [
        (Page(), range(1, 121)),
        (Page(limit=3), range(118, 121)),
        (Page(before=4), range(1, 4)),
        (Page(before=100, limit=2), range(98, 100)),
        (Page(before=0), range(0)),
        (Page(after=117), range(118, 121)),
        (Page(after=0, limit=2), range(1, 3)),
        (Page(after=120), range(0)),
        (Page(around=60, limit=5), range(58, 63)),
        (Page(around=1, limit=4), range(1, 5)),
        (Page(around=120, limit=4), range(117, 121)),
        (Page(around=9_999, limit=4), range(117, 121)),
        (Page(limit=100_000), range(1, 121)),
    ],
)
def test_pages(talk: tuple[Setting, Actor, int], page: Page, positions: range) -> None:
    setting, reader, direct = talk
    found = setting.messages.page(reader, direct, page)
    assert [message.position for message in found.messages] == list(positions)
    assert (found.first_position, found.last_position, found.head) == (1, 120, 123)


def test_without_paging_a_list_is_everything_up_to_ten_thousand(setting: Setting, ada: Actor, direct: int) -> None:
    many = 10_050
    row = {"conversation_id": direct, "sender_id": ada.user_id, "type": "text", "content": "x", "content_hash": ""}
    rows = [
        {**row, "uid": new_uid(), "position": number, "version": 3 + number, "created_at": number}
        for number in range(1, many + 1)
    ]

    def job(unit: Unit) -> None:
        unit.connection.execute(insert(messages), rows)
        grown = {"head": many + 3, "last_position": many}
        unit.connection.execute(update(conversations).values(grown))

    setting.database.write(job)
    found = setting.messages.page(ada, direct, Page())
    assert [message.position for message in found.messages] == list(range(51, many + 1))
    older = setting.messages.page(ada, direct, Page(before=51)).messages
    assert [message.position for message in older] == list(range(1, 51))


def test_a_page_has_one_anchor(setting: Setting, ada: Actor, direct: int) -> None:
    with pytest.raises(Refused) as caught:
        setting.messages.page(ada, direct, Page(before=1, after=1))
    assert caught.value.code == ErrorCode.INVALID_REQUEST
