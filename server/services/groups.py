"""Groups: made, named, joined and left; who may what follows from roles. Each change is told in the group as well."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from protocol.commands import AddMembers, OpenGroup, PatchConversation, PatchMember
from protocol.shapes import Conversation, Happening, Member, MemberRole
from protocol.signals import ConversationRemoved, MemberUpdated
from server.services import refusals
from server.services.access import Access
from server.services.happenings import encoded, tell_happening
from server.services.names import Names
from server.services.own_facts import tell_own
from server.services.ports import Actor, Announcement, PresenceBook
from server.services.shaping import one_conversation, shape_members
from server.storage import conversations, members, messages, users
from server.storage.conversations import ConversationRow
from server.storage.members import Seat
from server.storage.unit import Database, Snapshot, Unit

MEMBERS_MAX = 500
TOLD_SEATS_MAX = 2_500
"""Seats changed at once, times the members who would hear of each; beyond, they find a gap and `sync`."""
_RANKS: dict[MemberRole, int] = {"member": 0, "admin": 1, "owner": 2}


class Groups:
    """The only writer of groups and of seats in them.

    member ── add, remove members, rename, pin ──► admin ── everything else ──► owner, of whom there is one
    """

    def __init__(self, database: Database, access: Access, presence: PresenceBook, names: Names) -> None:
        self._database = database
        self._access = access
        self._presence = presence
        self._names = names

    def make(self, actor: Actor, command: OpenGroup) -> tuple[Conversation, bool]:
        """A new group of the actor, who owns it, and these people; and whether it was made now.

        The same uid from the same person with the same title and people answers the same group. Raises Refused:
        `invalid_name`, `invalid_request` (too many), `not_found` (no such person), `idempotency_conflict`.
        """
        title = self._names.title(command.title)
        others = sorted(set(command.member_ids) - {actor.user_id})
        _check_size(1 + len(others))
        uid = None if command.uid is None else str(uuid.UUID(command.uid))
        happening = Happening(kind="created", title=title, user_ids=others)

        def job(unit: Unit) -> tuple[Conversation, bool]:
            known = None if uid is None else conversations.of_uid(unit.connection, uid)
            if known is not None:
                return self._again(unit.connection, actor, known, happening), False
            _check_people(unit.connection, others)
            conversation_id = conversations.add_group(unit.connection, title, uid, unit.now_ms)
            _found(unit, conversation_id, actor.user_id, others)
            tell_happening(unit, _row(unit.connection, conversation_id), actor.user_id, happening)
            return one_conversation(unit.connection, conversation_id, actor.user_id), True

        made, is_new = self._database.write(job)
        if is_new:
            self._presence.introduce((actor.user_id, *others))
        return made, is_new

    def _again(self, snapshot: Snapshot, actor: Actor, known: ConversationRow, happening: Happening) -> Conversation:
        """A group that was made before with this uid. Raises Refused (`idempotency_conflict`, `not_found`)."""
        first = messages.oldest_after(snapshot, known, 0, 1)[0]
        if first.sender_id != actor.user_id or first.happening != encoded(happening):
            raise refusals.idempotency_conflict()
        self._access.seat(actor, known.conversation_id, snapshot)
        return one_conversation(snapshot, known.conversation_id, actor.user_id)

    def rename(self, actor: Actor, conversation_id: int, command: PatchConversation) -> Conversation:
        """Give the group another title. Raises Refused: `not_found`, `forbidden`, `invalid_name`."""
        title = self._names.title(command.title)

        def job(unit: Unit) -> Conversation:
            seat = self._group(unit.connection, actor, conversation_id)
            _check_rank(seat, "admin", "rename this group")
            if _row(unit.connection, conversation_id).title != title:
                conversations.set_title(unit.connection, conversation_id, title)
                _renumber(unit, conversation_id)
                _tell_changed(unit, conversation_id, ())
                tell_happening(unit, seat, actor.user_id, Happening(kind="renamed", title=title))
            return one_conversation(unit.connection, conversation_id, actor.user_id)

        return self._database.write(job)

    def members(self, actor: Actor, conversation_id: int) -> list[Member]:
        """Everybody who has a seat, in order of joining. Raises Refused (`not_found`)."""
        with self._database.read() as snapshot:
            self._access.seat(actor, conversation_id, snapshot)
            return shape_members(snapshot, members.all_of(snapshot, conversation_id))

    def add(self, actor: Actor, conversation_id: int, command: AddMembers) -> list[Member]:
        """Seat these people; they may read what was written before, but it is not unread to them.

        Answers their seats. Raises Refused: `not_found` (the group, a person), `forbidden`, `invalid_request`.
        """
        wanted = sorted(set(command.user_ids))
        _check_size(len(wanted))

        def job(unit: Unit) -> tuple[list[Member], list[int], tuple[int, ...]]:
            on = unit.connection
            seat = self._group(on, actor, conversation_id)
            _check_rank(seat, "admin", "add people")
            seated = members.ids(on, conversation_id)
            new = sorted(set(wanted).difference(seated))
            _check_size(len(seated) + len(new))
            _check_people(on, new)
            if new:
                _seat(unit, seat, new)
            return shape_members(on, members.those(on, conversation_id, wanted)), new, seated

        seats, new, seated = self._database.write(job)
        if new:
            self._presence.introduce(new, seated)
        return seats

    def set_role(self, actor: Actor, conversation_id: int, user_id: int, command: PatchMember) -> Member:
        """Give a member another role; whoever makes another the owner is an admin from then on.

        Raises Refused: `not_found`, `forbidden`.
        """

        def job(unit: Unit) -> Member:
            on = unit.connection
            seat = self._group(on, actor, conversation_id)
            theirs = self._member(on, conversation_id, user_id)
            _check_rank(seat, "owner", "change roles")
            if theirs.role != command.role:
                if user_id == actor.user_id:
                    raise refusals.forbidden("A group has an owner. Make somebody else the owner instead.")
                changed = {user_id: command.role}
                if command.role == "owner":
                    changed[actor.user_id] = "admin"
                _give_roles(unit, seat, changed, Happening(kind="role", user_ids=[user_id], role=command.role))
            return shape_members(on, [members.one(on, conversation_id, user_id)])[0]

        return self._database.write(job)

    def remove(self, actor: Actor, conversation_id: int, user_id: int) -> Member:
        """Take a member's seat away; one's own: leave. The seat as it is then.

        When the owner leaves, the oldest admin or member owns the group. Raises Refused: `not_found`, `forbidden`.
        """

        def job(unit: Unit) -> Member:
            on = unit.connection
            seat = self._group(on, actor, conversation_id)
            theirs = self._member(on, conversation_id, user_id)
            if user_id != actor.user_id:
                _check_rank(seat, "admin", "remove people")
                if _RANKS[seat.role] <= _RANKS[theirs.role]:
                    raise refusals.forbidden("Only the owner can remove an admin. Ask them.")
            return _empty(unit, seat, theirs)

        left = self._database.write(job)
        self._presence.parted(conversation_id, user_id)
        return left

    def _group(self, snapshot: Snapshot, actor: Actor, conversation_id: int) -> Seat:
        """The actor's seat in a group. Raises Refused (`not_found`, `forbidden`)."""
        seat = self._access.seat(actor, conversation_id, snapshot)
        if seat.kind != "group":
            raise refusals.forbidden("This is a conversation of two people. Make a group for that.")
        return seat

    @staticmethod
    def _member(snapshot: Snapshot, conversation_id: int, user_id: int) -> Seat:
        """Somebody's seat. Raises Refused (`not_found`)."""
        theirs = members.seat(snapshot, conversation_id, user_id)
        if theirs is None:
            raise refusals.not_found("member")
        return theirs


def _check_size(count: int) -> None:
    """Raise Refused (`invalid_request`) for more members than a group has."""
    if count > MEMBERS_MAX:
        raise refusals.invalid("user_ids", f"A group has at most {MEMBERS_MAX} members. Make a second one.")


def _check_people(snapshot: Snapshot, user_ids: Collection[int]) -> None:
    """Raise Refused (`not_found`) unless each of these has an account."""
    people = users.load(snapshot, set(user_ids)) if user_ids else {}
    if any(user_id not in people or people[user_id].deactivated_at is not None for user_id in user_ids):
        raise refusals.not_found("user")


def _check_rank(seat: Seat, least: MemberRole, what: str) -> None:
    """Raise Refused (`forbidden`) for a role below what this takes."""
    if _RANKS[seat.role] < _RANKS[least]:
        who = "the owner" if least == "owner" else "the owner and admins of a group"
        raise refusals.forbidden(f"Only {who} can {what}. Ask one of them.")


def _row(snapshot: Snapshot, conversation_id: int) -> ConversationRow:
    """A conversation that the caller knows to exist."""
    return conversations.by_ids(snapshot, [conversation_id])[conversation_id]


def _renumber(unit: Unit, conversation_id: int) -> None:
    """The conversation's own fields take their number."""
    conversations.set_version(unit.connection, conversation_id, unit.next_version(conversation_id), unit.now_ms)


def _give_roles(unit: Unit, seat: Seat, roles: dict[int, MemberRole], happening: Happening) -> None:
    """Give members other roles, tell everybody, and each of them what is theirs now."""
    for user_id, role in roles.items():
        version = unit.next_version(seat.conversation_id)
        members.set_role(unit.connection, seat.conversation_id, user_id, role, version)
    _tell_seats(unit, seat.conversation_id, list(roles), members.ids(unit.connection, seat.conversation_id))
    for user_id in roles:
        tell_own(unit, seat.conversation_id, user_id)
    tell_happening(unit, seat, seat.user_id, happening)


def _tell_changed(unit: Unit, conversation_id: int, user_ids: Sequence[int]) -> None:
    """Tell the members of this moment the conversation as it is now, and these seats."""
    member_ids = members.ids(unit.connection, conversation_id)
    told = one_conversation(unit.connection, conversation_id, viewer_id=None)
    unit.announce(Announcement(event="conversation_updated", payload=told, user_ids=member_ids))
    _tell_seats(unit, conversation_id, user_ids, member_ids)


def _tell_seats(unit: Unit, conversation_id: int, user_ids: Sequence[int], member_ids: tuple[int, ...]) -> None:
    """Tell each of these seats to everybody, unless they are too many: whoever misses their numbers asks `sync`."""
    if len(user_ids) * len(member_ids) > TOLD_SEATS_MAX:
        return
    seats = members.those(unit.connection, conversation_id, user_ids)
    for member in shape_members(unit.connection, seats):
        signal = MemberUpdated(conversation_id=conversation_id, member=member)
        unit.announce(Announcement(event="member_updated", payload=signal, user_ids=member_ids))


def _found(unit: Unit, conversation_id: int, owner_id: int, others: Sequence[int]) -> None:
    """Take the new group's number and seat its people."""
    number = unit.next_version(conversation_id)
    conversations.count_members(unit.connection, conversation_id, 1 + len(others))
    conversations.set_version(unit.connection, conversation_id, number, unit.now_ms)
    everybody = (owner_id, *others)
    for user_id in everybody:
        role: MemberRole = "owner" if user_id == owner_id else "member"
        version = unit.next_version(conversation_id)
        members.add(unit.connection, conversation_id, user_id, role, version, unit.now_ms)
    _tell_changed(unit, conversation_id, everybody)
    tell_own(unit, conversation_id, owner_id)


def _seat(unit: Unit, seat: Seat, new: Sequence[int]) -> None:
    """Give these people seats, their unread beginning here, and tell everybody."""
    on, conversation_id = unit.connection, seat.conversation_id
    conversations.count_members(on, conversation_id, len(new))
    _renumber(unit, conversation_id)
    before = members.vacated(on, conversation_id, new)
    for user_id in new:
        version = unit.next_version(conversation_id)
        if user_id in before:
            members.seat_again(on, conversation_id, user_id, version, unit.now_ms)
        else:
            members.add(on, conversation_id, user_id, "member", version, unit.now_ms)
    _tell_changed(unit, conversation_id, new)
    for user_id in new:
        tell_own(unit, conversation_id, user_id, own_read_position=seat.last_position)
    tell_happening(unit, seat, seat.user_id, Happening(kind="added", user_ids=list(new)))


def _empty(unit: Unit, seat: Seat, theirs: Seat) -> Member:
    """Empty a seat, and tell those who stay, and whose it was."""
    on, conversation_id, user_id = unit.connection, seat.conversation_id, theirs.user_id
    members.leave(on, conversation_id, user_id, unit.next_version(conversation_id), unit.now_ms)
    conversations.count_members(on, conversation_id, -1)
    _renumber(unit, conversation_id)
    _tell_changed(unit, conversation_id, [user_id])
    removed = ConversationRemoved(conversation_id=conversation_id)
    unit.announce(Announcement(event="conversation_removed", payload=removed, user_ids=(user_id,)))
    left = user_id == seat.user_id
    happening = Happening(kind="left") if left else Happening(kind="removed", user_ids=[user_id])
    tell_happening(unit, seat, seat.user_id, happening)
    heir = members.heir(on, conversation_id) if theirs.role == "owner" else None
    if heir is not None:
        _give_roles(unit, seat, {heir: "owner"}, Happening(kind="role", user_ids=[heir], role="owner"))
    return shape_members(on, [members.one(on, conversation_id, user_id)])[0]
