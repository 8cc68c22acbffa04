"""Forwards: what is said again, who is named for it, and what cannot be forwarded."""

from __future__ import annotations

from functools import partial
from typing import Any

from protocol.errors import ErrorCode
from protocol.ids import new_uid
from server.services.ports import Actor
from server.storage.attachments import key_of
from tests.server.databases import on_both
from tests.server.files.media import picture
from tests.server.services.setting import Setting, refused


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
    assert setting.latest(eve, elsewhere) == [once]


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
    assert setting.latest(ben, elsewhere) == []
