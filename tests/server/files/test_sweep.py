"""What nobody sent is forgotten after a day; what somebody sees stays."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from msgspec.structs import replace

from protocol.accounts import Register
from protocol.commands import OpenConversation, SendMessage, SentFile
from protocol.errors import Refused
from protocol.limits import Limits
from protocol.shapes import Attachment
from protocol.times import now_ms
from server.services.house import House
from server.services.ports import Actor
from server.services.uploads import UNBOUND_MS
from tests.server.conftest import HouseFactory
from tests.server.files import media

Store = Callable[[bytes], Attachment]


@pytest.fixture
def actor(house: House) -> Actor:
    """Somebody with an account."""
    person = Register(username="ada", password="correct horse battery", display_name="Ada")
    tokens = house.accounts.register(person, "127.0.0.1")
    return house.accounts.authenticate(tokens.access_token)


@pytest.fixture
def store(house: House, actor: Actor) -> Store:
    """A function that uploads these bytes."""

    def upload(data: bytes) -> Attachment:
        incoming = house.uploads.receive(actor)
        incoming.write(data)
        return house.uploads.store(actor, incoming, "x.png")

    return upload


def key(attachment: Attachment) -> str:
    """The key in its address."""
    return attachment.file_url.split("/")[3]


def send(house: House, actor: Actor, *files: Attachment) -> None:
    """Send files to somebody."""
    person = Register(username="ben", password="correct horse battery", display_name="Ben")
    other_id = house.accounts.register(person).user.user_id
    command = OpenConversation(participant1_id=actor.user_id, participant2_id=other_id)
    conversation, _ = house.conversations.open_direct(actor, command)
    sent = [SentFile(file_url=file.file_url) for file in files]
    house.messages.post(actor, SendMessage(conversation_id=conversation.conversation_id, attachments=sent))


def test_an_unsent_upload_is_forgotten_after_a_day(house: House, actor: Actor, store: Store) -> None:
    upload = store(media.picture())
    assert house.uploads.sweep(now_ms() + UNBOUND_MS - 60_000) == 0
    stored = house.uploads.open(actor, key(upload))
    assert stored.path.exists()
    assert house.uploads.sweep(now_ms() + UNBOUND_MS) == 1
    assert not stored.path.exists()
    assert not stored.path.with_suffix(".thumb").exists()
    with pytest.raises(Refused):
        house.uploads.open(actor, key(upload))


def test_a_sent_file_stays_even_when_the_same_bytes_were_uploaded_and_not_sent(
    house: House, actor: Actor, store: Store
) -> None:
    sent, unsent = store(b"same bytes"), store(b"same bytes")
    send(house, actor, sent)
    house.uploads.sweep(now_ms() + 2 * UNBOUND_MS)
    assert house.uploads.open(actor, key(sent)).path.read_bytes() == b"same bytes"
    with pytest.raises(Refused):
        house.uploads.open(actor, key(unsent))


def test_a_discarded_upload_goes_alone(house: House, actor: Actor, store: Store) -> None:
    """What shares its bytes stays, and so does what was sent or is somebody else's."""
    kept, unsent, sent = store(b"same bytes"), store(b"same bytes"), store(b"other bytes")
    send(house, actor, sent)
    house.uploads.discard(actor, unsent.attachment_id)
    house.uploads.discard(actor, sent.attachment_id)
    house.uploads.discard(replace(actor, user_id=actor.user_id + 1), kept.attachment_id)
    with pytest.raises(Refused):
        house.uploads.open(actor, key(unsent))
    assert house.uploads.open(actor, key(kept)).path.read_bytes() == b"same bytes"
    assert house.uploads.open(actor, key(sent)).path.read_bytes() == b"other bytes"
    house.uploads.discard(actor, kept.attachment_id)
    assert not list((house.config.data_dir / "blobs").rglob(sha256(b"same bytes").hexdigest()))


def test_an_upload_refused_at_the_last_moment_leaves_no_bytes(make_house: HouseFactory) -> None:
    """Two arrive at once where there is room for one."""
    house = make_house(limits=Limits(open_uploads_per_user=1))
    person = Register(username="ada", password="correct horse battery", display_name="Ada")
    actor = house.accounts.authenticate(house.accounts.register(person).access_token)
    first, second = house.uploads.receive(actor), house.uploads.receive(actor)
    first.write(b"the first")
    second.write(b"the second")
    house.uploads.store(actor, first, "1.txt")
    with pytest.raises(Refused):
        house.uploads.store(actor, second, "2.txt")
    blobs = house.config.data_dir / "blobs"
    assert [path.name for path in blobs.rglob("*") if path.is_file()] == [sha256(b"the first").hexdigest()]
