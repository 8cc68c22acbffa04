"""Makes the sample in an empty data directory, through the real services with a clock set back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from protocol.accounts import ProfileChange
from protocol.commands import MarkRead, OpenConversation, SendMessage, SentFile
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Attachment
from protocol.times import now_ms
from server.sample import files
from server.sample.scenes import Said, Scene, read_scenes, timed
from server.services.house import House
from server.services.ports import Actor

_DAY_MS = 24 * 60 * 60 * 1000
_JOINED_DAYS_AGO = 42
_READ_AFTER_MS = 40_000


class SamplePerson(Struct, frozen=True, kw_only=True):
    """Somebody of the sample with the keys to act for them; printed for the demo, kept nowhere."""

    username: str
    display_name: str
    user_id: int
    password: str
    token: str


@dataclass(frozen=True, slots=True)
class _Role:
    """Somebody before they have an account; without looks they have no picture."""

    username: str
    display_name: str
    status_text: str
    looks: files.Looks | None


_ANNA = files.Looks((124, 92, 252), (236, 196, 166), (92, 54, 34), hair_is_long=True)
_MAYA = files.Looks((247, 147, 30), (112, 72, 50), (26, 20, 22), hair_is_long=True)
_RAVI = files.Looks((39, 174, 96), (172, 118, 80), (32, 26, 26))
_JUN = files.Looks((235, 87, 87), (242, 208, 172), (30, 28, 34))
_ROLES = (
    _Role("anna", "Anna Novak", "Site office, second floor", _ANNA),
    _Role("maya", "Maya Okafor", "On the quay until four", _MAYA),
    _Role("sofia", "Sofia Berg", "City office", None),
    _Role("ravi", "Ravi Iyer", "", _RAVI),
    _Role("tomas", "Tomás Hale", "Reachable by phone", None),
    _Role("jun", "Jun Kimura", "Measuring", _JUN),
)


def make_sample(house: House) -> list[SamplePerson]:
    """Open the six accounts and write their conversations. Raises Refused where this server has people already."""
    if house.accounts.has_admin():
        message = "This server has accounts already. Make the sample in a new --data-dir."
        raise Refused(ErrorCode.FORBIDDEN, message)
    now = now_ms()
    house.database.clock = lambda: now - _JOINED_DAYS_AGO * _DAY_MS
    people = [_person(house, role, admin=index == 0) for index, role in enumerate(_ROLES)]
    actors = {person.username: Actor(user_id=person.user_id, session_id=0) for person in people}
    ended: dict[tuple[str, str], int] = {}
    for begins_ms, scene in timed(read_scenes(), now):
        ended[scene.pair] = _play(house, actors, scene, max(begins_ms, ended.get(scene.pair, 0)))
    house.database.clock = now_ms
    return people


def as_json(people: list[SamplePerson]) -> str:
    """The people on one line, for `hearth demo` to read."""
    return msgspec.json.encode(people).decode()


def _person(house: House, role: _Role, *, admin: bool) -> SamplePerson:
    """Open an account with profile, picture and a token."""
    user, password = house.accounts.create_user(
        role.username, display_name=role.display_name, role="admin" if admin else "member"
    )
    actor = Actor(user_id=user.user_id, session_id=0)
    if role.status_text:
        house.accounts.change_profile(actor, ProfileChange(status_text=role.status_text))
    if role.looks is not None:
        incoming = house.uploads.receive(actor)
        incoming.write(files.avatar(role.looks))
        house.accounts.change_avatar(actor, house.uploads.store_avatar(actor, incoming))
    return SamplePerson(
        username=role.username,
        display_name=role.display_name,
        user_id=user.user_id,
        password=password,
        token=house.accounts.create_token(role.username, "demo"),
    )


def _play(house: House, actors: Mapping[str, Actor], scene: Scene, begins_ms: int) -> int:
    """Write one scene at its time, and what of it was read; the result is when it was over."""
    one, other = (actors[name] for name in scene.pair)
    at = begins_ms
    house.database.clock = lambda: at
    opening = OpenConversation(participant1_id=one.user_id, participant2_id=other.user_id)
    conversation, _ = house.conversations.open_direct(one, opening)
    for said in scene.lines:
        house.messages.post(actors[said.who], _command(house, actors[said.who], conversation.conversation_id, said))
        at += said.took_ms
    at += _READ_AFTER_MS
    for name in scene.pair:
        if not scene.unread or name == scene.lines[-1].who:
            house.cursors.mark_read(actors[name], MarkRead(conversation_id=conversation.conversation_id))
    return at


def _command(house: House, actor: Actor, conversation_id: int, said: Said) -> SendMessage:
    """The send of one line, its file stored."""
    attachments = [] if said.kind is None else [SentFile(file_url=_stored(house, actor, said).file_url)]
    return SendMessage(conversation_id=conversation_id, content=said.text or None, attachments=attachments)


def _stored(house: House, actor: Actor, said: Said) -> Attachment:
    """The line's file, uploaded as its sender would."""
    incoming = house.uploads.receive(actor)
    incoming.write(files.made(said))
    return house.uploads.store(actor, incoming, said.name)
