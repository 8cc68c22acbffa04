"""The one door: who may see which file, and what a tombstone leaves."""

from __future__ import annotations

import pytest

from protocol.errors import ErrorCode, Refused
from protocol.shapes import Attachment
from server.services.ports import Actor
from server.storage import attachments
from server.storage.attachments import key_of
from tests.server.files.media import picture
from tests.server.services.setting import Setting


def _refusal(setting: Setting, actor: Actor, key: str) -> Refused | None:
    """How the actor is refused a file, or None where they are let through."""
    try:
        setting.access.attachment(actor, key)
    except Refused as refusal:
        return refusal
    return None


def _sees(setting: Setting, actor: Actor, file: Attachment) -> bool:
    """Whether the actor is let through to a file; otherwise it must be as if it did not exist."""
    key = key_of(file.file_url)
    assert key is not None
    refusal, absent = _refusal(setting, actor, key), _refusal(setting, actor, "0" * 32)
    assert absent is not None
    assert absent.code == ErrorCode.NOT_FOUND
    assert refusal is None or refusal.body() == absent.body()
    return refusal is None


def _delete(setting: Setting, message_id: int) -> None:
    """Make a message a tombstone, as deleting in a later release will."""
    setting.database.write(
        lambda unit: unit.connection.exec_driver_sql(
            "UPDATE messages SET deleted_at = 1, content = NULL WHERE message_id = ?", (message_id,)
        )
    )


def test_an_upload_is_its_owners_until_sent_and_then_the_members(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    file = setting.upload(ada)
    assert [_sees(setting, actor, file) for actor in (ada, ben, eve)] == [True, False, False]
    setting.say(ada, direct, None, file_url=file.file_url)
    assert [_sees(setting, actor, file) for actor in (ada, ben, eve)] == [True, True, False]


def test_the_file_of_a_deleted_message_is_nobodys(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    file = setting.upload(ada)
    _delete(setting, setting.say(ada, direct, None, file_url=file.file_url).message_id)
    assert [_sees(setting, actor, file) for actor in (ada, ben)] == [False, False]
    with pytest.raises(Refused) as caught:
        setting.say(ben, direct, "again", file_url=file.file_url)
    assert caught.value.code == ErrorCode.FILE_NOT_UPLOADED


def test_an_avatar_is_for_every_account(setting: Setting, ada: Actor, eve: Actor) -> None:
    incoming = setting.uploads.receive(ada)
    incoming.write(picture())
    made = setting.uploads.store_avatar(ada, incoming)
    avatar = setting.database.write(lambda unit: attachments.add(unit.connection, made)).to_wire()
    assert [_sees(setting, actor, avatar) for actor in (ada, eve)] == [True, True]


def test_a_tombstone_is_not_unread_and_quotes_nothing(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    said = setting.say(ada, direct, "a secret")
    reply = setting.say(ben, direct, "what?", reply_to_uid=said.uid)
    _delete(setting, said.message_id)
    assert setting.conversations.list_for(ben, ben.user_id)[0].unread_count == 0
    quote = setting.messages.get(ada, reply.message_id).reply_to
    assert quote is not None
    assert (quote.deleted, quote.content) == (True, None)


def test_people_who_share_a_conversation_are_contacts(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    assert setting.access.contacts(ada.user_id) == set()
    rooms = {setting.direct(ada, ben), setting.direct(ada, eve)}
    assert setting.access.contacts(ada.user_id) == {ben.user_id, eve.user_id}
    assert setting.access.contacts(ben.user_id) == {ada.user_id}
    assert setting.access.conversation_ids(ada.user_id) == rooms
