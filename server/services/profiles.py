"""Profiles: what people tell about themselves, and finding each other."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from protocol.accounts import ProfileChange, UserQuery
from protocol.limits import PAGE_MAX
from protocol.shapes import User
from server.services.access import Access
from server.services.names import Names
from server.services.ports import Actor, Announcement
from server.services.tokens import session_over
from server.storage import attachments, users
from server.storage.attachments import AttachmentRow
from server.storage.unit import Database, Unit


class Profiles:
    """Reads and changes what others see of a person."""

    def __init__(self, database: Database, access: Access, names: Names) -> None:
        self._database = database
        self._access = access
        self._names = names

    def of(self, actor: Actor) -> User:
        """The caller's own profile."""
        with self._database.read() as connection:
            user = users.load_one(connection, actor.user_id)
        if user is None:
            raise session_over()
        return user

    def change(self, actor: Actor, change: ProfileChange) -> User:
        """Store the fields given; raises Refused (`invalid_name`)."""
        display_name = None if change.display_name is UNSET else self._names.display_name(change.display_name)
        status_text = None if change.status_text is UNSET else self._names.status_text(change.status_text)
        if display_name is None and status_text is None:
            return self.of(actor)
        return self._changed(
            actor,
            lambda unit: users.change_profile(
                unit.connection, actor.user_id, display_name=display_name, status_text=status_text
            ),
        )

    def change_avatar(self, actor: Actor, picture: AttachmentRow) -> User:
        """Make a picture (of `Uploads.store_avatar`, not yet written) the caller's; the one before it goes."""

        def job(unit: Unit) -> None:
            row = attachments.add(unit.connection, picture)
            attachments.set_avatar(unit.connection, actor.user_id, row.attachment_id)
            users.count_change(unit.connection, actor.user_id)

        return self._changed(actor, job)

    def _changed(self, actor: Actor, job: Callable[[Unit], None]) -> User:
        """Do the job, and tell everybody who sees the caller."""
        audience = self._access.contacts(actor.user_id) | {actor.user_id}

        def whole(unit: Unit) -> User:
            job(unit)
            user = users.load(unit.connection, [actor.user_id])[actor.user_id]
            unit.announce(Announcement(event="user_updated", payload=user, user_ids=tuple(sorted(audience))))
            return user

        return self._database.write(whole)

    def search(self, actor: Actor, query: UserQuery) -> list[User]:
        """People the caller may write to whose names contain the words of the query, by name; never the caller."""
        limit = min(query.limit, PAGE_MAX)
        with self._database.read() as connection:
            found = users.find(connection, query.query, limit + 1)
        return [user for user in found if user.user_id != actor.user_id][:limit]
