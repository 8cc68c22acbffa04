"""What people do with groups: make, name, seat, unseat and leave; and who is in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from desktop.core import updates
from desktop.core.errands import Errands
from desktop.core.observable import Observable, Topic
from desktop.core.own_ports import OwnApi
from desktop.core.ports import Unreachable
from desktop.core.store import Store
from desktop.core.updates import Seat, Update
from protocol.commands import OpenGroup
from protocol.errors import Refused
from protocol.ids import new_uid
from protocol.shapes import Member, MemberRole

_ROLES: dict[MemberRole, int] = {"owner": 0, "admin": 1, "member": 2}


class Groups:
    """Owns the lists of members that somebody looks at, and which group is being left from here.

    Each verb is asked of the server at once and raises Refused or Unreachable: what changes for others is not done
    behind the user's back. The answers are news like any other.
    """

    def __init__(self, store: Store, own_id: int, api: OwnApi, ingest: Callable[[Update], None]) -> None:
        """`ingest` is the session's waist."""
        self.removed: Topic[str] = Topic()
        """Titles of groups that somebody else has taken one out of."""
        self._store = store
        self._own_id = own_id
        self._api = api
        self._ingest = ingest
        self._errands = Errands()
        self._members: dict[int, Observable[tuple[Member, ...]]] = {}
        self._unloaded: set[int] = set()
        self._titles: dict[int, str] = {}
        """Of the groups one is in, to be named once one is not."""
        self._leaving: set[int] = set()

    async def make(self, title: str, member_ids: Sequence[int], uid: str | None = None) -> int:
        """A new group of oneself and these people: its id. The same `uid` again gives the same group."""
        command = OpenGroup(kind="group", title=title, member_ids=[*member_ids], uid=uid or new_uid())
        conversation = await self._api.open_group(command)
        self._ingest(updates.of_conversation(conversation))
        return conversation.conversation_id

    async def rename(self, conversation_id: int, title: str) -> None:
        """Another title."""
        self._ingest(updates.of_conversation(await self._api.rename(conversation_id, title)))

    async def add(self, conversation_id: int, user_ids: Sequence[int]) -> None:
        """Seat these people; who is seated already stays."""
        self._seat(conversation_id, await self._api.add_members(conversation_id, user_ids))

    async def remove(self, conversation_id: int, user_id: int) -> None:
        """Take somebody's seat."""
        self._seat(conversation_id, [await self._api.remove_member(conversation_id, user_id)])

    async def set_role(self, conversation_id: int, user_id: int, role: MemberRole) -> None:
        """Another role for somebody."""
        self._seat(conversation_id, [await self._api.change_member(conversation_id, user_id, role)])

    async def leave(self, conversation_id: int) -> None:
        """Give up one's own seat; the conversation goes."""
        self._leaving.add(conversation_id)
        try:
            await self._api.remove_member(conversation_id, self._own_id)
            self._ingest(Update(gone=(conversation_id,)))
        finally:
            self._leaving.discard(conversation_id)

    def members(self, conversation_id: int) -> Observable[tuple[Member, ...]]:
        """Who is seated: owner, admins, then the others by name; the same object each time.

        A row of a conversation lists a few only: the others are asked for when somebody first looks.
        """
        known = self._members.get(conversation_id)
        if known is None:
            known = self._members[conversation_id] = Observable(self._seated(conversation_id))
            self._unloaded.add(conversation_id)
            self._errands.start(self._load(conversation_id))
        return known

    def follow(self, conversation_ids: Iterable[int]) -> None:
        """These conversations have changed, or are gone."""
        for conversation_id in conversation_ids:
            known = self._members.get(conversation_id)
            if known is not None:
                known.value = self._seated(conversation_id)
            self._note_title(conversation_id)

    def _note_title(self, conversation_id: int) -> None:
        """Remember what a group is called; tell of one that is gone."""
        held = self._store.held.get(conversation_id)
        row = None if held is None else held.conversation
        if row is not None and row.kind == "group":
            self._titles[conversation_id] = row.title or ""
        elif row is None and conversation_id in self._titles:
            title = self._titles.pop(conversation_id)
            if conversation_id not in self._leaving:
                self.removed.publish(title)

    def line_is_up(self) -> None:
        """Load what could not be loaded."""
        for conversation_id in tuple(self._unloaded):
            self._errands.start(self._load(conversation_id))

    async def close(self) -> None:
        """Load no more."""
        await self._errands.close()

    def _seat(self, conversation_id: int, members: Iterable[Member]) -> None:
        """Rows of members are news."""
        seats = tuple(Seat(conversation_id, member) for member in members)
        self._ingest(Update(seats=seats, numbers=tuple((conversation_id, seat.member.version) for seat in seats)))

    def _seated(self, conversation_id: int) -> tuple[Member, ...]:
        """Who has a seat now, as far as it is known."""
        held = self._store.held.get(conversation_id)
        members = [] if held is None else [member for member in held.members.values() if member.left_at is None]
        return tuple(sorted(members, key=lambda m: (_ROLES[m.role], m.user.display_name.casefold(), m.user.user_id)))

    async def _load(self, conversation_id: int) -> None:
        """Ask for everybody where not everybody is known; where nobody answers, again with the next line."""
        held = self._store.held.get(conversation_id)
        row = None if held is None else held.conversation
        if row is not None and len(self._seated(conversation_id)) < row.member_count:
            try:
                members = await self._api.members(conversation_id)
            except (Refused, Unreachable):
                return
            self._ingest(Update(seats=tuple(Seat(conversation_id, member) for member in members)))
        self._unloaded.discard(conversation_id)
