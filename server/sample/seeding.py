"""Makes the sample in an empty data directory, through the real services with a clock set back."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec
from msgspec.structs import replace

from protocol.accounts import ProfileChange
from protocol.errors import ErrorCode, Refused
from protocol.times import now_ms
from server.sample import files
from server.sample.people import ROLES, Role, SamplePerson
from server.sample.playing import Cast
from server.sample.scenes import FileKind, Scene, lines, read_scenes, timed
from server.services.house import House
from server.services.ports import Actor

_DAY_MS = 24 * 60 * 60 * 1000
_JOINED_DAYS_AGO = 42
_AT_ONCE = 4
"""Files stored at the same time."""


def make_sample(house: House) -> list[SamplePerson]:
    """Open the six accounts and write their conversations. Raises Refused where this server has people already."""
    if house.accounts.has_admin():
        message = "This server has accounts already. Make the sample in a new --data-dir."
        raise Refused(ErrorCode.FORBIDDEN, message)
    now = now_ms()
    house.database.clock = lambda: now - _JOINED_DAYS_AGO * _DAY_MS
    people = [_person(house, role, admin=index == 0) for index, role in enumerate(ROLES)]
    actors = {person.username: Actor(user_id=person.user_id, session_id=0) for person in people}
    scenes = read_scenes()
    cast = Cast(house, people, actors, _stored(house, actors, scenes))
    for begins_ms, scene in timed(scenes, now):
        cast.play(scene, begins_ms)
    house.database.clock = now_ms
    return [replace(person, groups=cast.groups_of(person.username)) for person in people]


def as_json(people: list[SamplePerson]) -> str:
    """The people on one line, for `hearth demo` to read."""
    return msgspec.json.encode(people).decode()


def _person(house: House, role: Role, *, admin: bool) -> SamplePerson:
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


def _stored(house: House, actors: Mapping[str, Actor], scenes: list[Scene]) -> dict[tuple[str, str], str]:
    """The files of all lines, uploaded as their senders would: sender and name → `file_url`.

    Several at once, for each picture is looked at by a child process.
    """

    def store(sent: tuple[str, FileKind, str]) -> tuple[tuple[str, str], str]:
        who, kind, name = sent
        incoming = house.uploads.receive(actors[who])
        incoming.write(files.made(kind, name))
        return (who, name), house.uploads.store(actors[who], incoming, name).file_url

    sent = [(said.who, said.kind, name) for said in lines(scenes) if said.kind is not None for name in said.names]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(pool.map(store, sent))
