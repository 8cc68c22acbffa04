"""Catching up: what is new since the versions somebody has, and cheap questions whether anything is."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from importlib.metadata import version as version_of
from typing import TypeAlias

from msgspec import Struct, structs

from protocol.commands import Digest, Sync, Verify, digest_sum
from protocol.limits import PAGE_DEFAULT, SYNC_ROWS_PER_CONVERSATION, SYNC_ROWS_TOTAL
from protocol.shapes import Member, Message, Presence, User
from protocol.signals import Connected, DigestAnswer, Synced, SyncedConversation, VerifyAnswer
from server.services import refusals
from server.services.ports import Actor, PresenceBook
from server.services.shaping import shape_conversations, shape_members, shape_messages, shape_own
from server.storage import conversations, members, messages, own_facts, users
from server.storage.conversations import ConversationRow
from server.storage.members import MemberRow
from server.storage.messages import MessageRow
from server.storage.unit import Database, Snapshot

_VERSION = version_of("hearth")
"""Looked up once: it costs as much as a question to the database."""
FRESH_BEYOND = SYNC_ROWS_TOTAL
"""More rows behind than this, and the newest page is sent instead (contract, `sync`)."""
VERIFY_MAX = 10_000
"""Uids asked about at once; far more than thirty days of one person's writing."""


class _News(Struct):
    """The rows of one conversation for one answer, not yet shaped."""

    row: ConversationRow
    since: int
    head: int
    fresh: bool
    tells_itself: bool
    members: list[MemberRow]
    messages: list[MessageRow]

    @property
    def size(self) -> int:
        """How many rows this answer carries of it."""
        return len(self.members) + len(self.messages) + self.tells_itself


_Changed: TypeAlias = tuple[list[MemberRow], list[MessageRow]]
"""Seats and messages of one conversation above a version."""


class SyncDesk:
    """Answers from one snapshot each; writes nothing."""

    def __init__(self, database: Database, presence: PresenceBook) -> None:
        self._database = database
        self._presence = presence

    def greeting(self, actor: Actor) -> Connected:
        """What a new socket is told first."""
        with self._database.read() as snapshot:
            user_version, epoch = members.standing(snapshot, actor.user_id)
        return Connected(user_id=actor.user_id, server_version=_VERSION, epoch=epoch, user_version=user_version)

    def sync(self, actor: Actor, command: Sync) -> Synced:
        """Rows above the versions given, at most 500 a conversation and 2,000 in all; else not `complete`.

        Versions of another epoch count for nothing. Raises Refused (`invalid_request`) for a key that is no number.
        """
        asked = _versions(command)
        with self._database.read() as snapshot:
            user_version, epoch = members.standing(snapshot, actor.user_id)
            same = command.epoch in (None, epoch)
            since, own_since = (asked, command.user_version) if same else ({}, 0)
            seats = conversations.heads_of_user(snapshot, actor.user_id)
            heads = {seat.conversation_id: seat.head for seat in seats}
            news, complete = _news(snapshot, heads, since)
            own_ids = {seat.conversation_id for seat in seats if seat.own_version > own_since}
            own_ids |= {one.row.conversation_id for one in news}
            people = users.known_to(snapshot, actor.user_id) if complete else {}
            hidden = own_facts.blockers_of(snapshot, actor.user_id) & people.keys()
            synced = Synced(
                epoch=epoch,
                user_version=user_version,
                complete=complete,
                conversations=_shaped(snapshot, news, people),
                gone=sorted(set(asked) - set(heads)),
                own={str(number): own for number, own in shape_own(snapshot, actor.user_id, own_ids).items()},
                users=list(people.values()),
            )
        seen = self._presence.of(sorted(people.keys() - hidden - {actor.user_id}))
        unseen = [Presence(user_id=user_id, status="offline") for user_id in sorted(hidden)]
        return structs.replace(synced, presence=[*seen, *unseen])

    def digest(self, actor: Actor, command: Digest) -> DigestAnswer:
        """Whether the caller follows every conversation to its head; if not, all of them may be stale.

        A sum does not say which; a `sync` of all costs the caller only their versions.
        """
        with self._database.read() as snapshot:
            seats = conversations.heads_of_user(snapshot, actor.user_id)
            own, epoch = members.standing(snapshot, actor.user_id)
        heads = {seat.conversation_id: seat.head for seat in seats}
        same = command.epoch == epoch and command.count == len(heads) and command.sum == digest_sum(heads)
        return DigestAnswer(ok=same, stale=[] if same else sorted(heads), user_version=own)

    def verify(self, actor: Actor, command: Verify) -> VerifyAnswer:
        """Which of the caller's own uids are not here, as they were asked. Raises Refused (`invalid_request`)."""
        if len(command.uids) > VERIFY_MAX:
            raise refusals.invalid("uids", f"At most {VERIFY_MAX:,} uids can be asked about at once. Ask in parts.")
        with self._database.read() as snapshot:
            known = messages.known_uids(snapshot, actor.user_id, {uid.lower() for uid in command.uids})
        return VerifyAnswer(missing=[uid for uid in command.uids if uid.lower() not in known])


def _versions(command: Sync) -> dict[int, int]:
    """The versions by conversation number. Raises Refused (`invalid_request`)."""
    for key in command.versions:
        if not (key.isascii() and key.isdecimal() and len(key) <= 16):  # noqa: PLR2004 - digits of the largest id
            raise refusals.invalid("versions", "A key of 'versions' is no conversation number. Send decimal numbers.")
    return {int(key): version for key, version in command.versions.items()}


def _news(snapshot: Snapshot, heads: dict[int, int], since: dict[int, int]) -> tuple[list[_News], bool]:
    """What is new in each conversation whose head is not the version had, and whether that is all."""
    stale = conversations.by_ids(snapshot, [number for number, head in heads.items() if since.get(number) != head])
    rows = sorted(stale.values(), key=lambda row: row.last_message_at or row.created_at, reverse=True)
    near = _near(snapshot, rows, since)
    room, complete = SYNC_ROWS_TOTAL, True
    found: list[_News] = []
    for row in rows:
        if room <= 0:
            return found, False
        number = row.conversation_id
        most = min(room, SYNC_ROWS_PER_CONVERSATION)
        changed = near.get(number) or _changed(snapshot, row, since.get(number, 0), most)
        one = (
            _fresh(snapshot, row, since.get(number, 0))
            if changed is None
            else _cut(row, since.get(number, 0), changed, most)
        )
        found.append(one)
        room -= one.size
        complete = complete and one.head == row.head
    return found, complete


def _near(snapshot: Snapshot, rows: list[ConversationRow], since: dict[int, int]) -> dict[int, _Changed]:
    """All new rows of the first conversations that are only a little behind, as after most losses of the line.

    Two statements for all of them: a server that restarts is asked this by everybody at once.
    """
    asked: dict[int, int] = {}
    room = SYNC_ROWS_TOTAL
    for row in rows:
        behind = row.head - since.get(row.conversation_id, 0)
        if 0 < behind <= min(room, SYNC_ROWS_PER_CONVERSATION):
            asked[row.conversation_id] = since.get(row.conversation_id, 0)
            room -= behind
    seats, written = members.changed_among(snapshot, asked), messages.changed_among(snapshot, asked)
    return {number: (seats.get(number, []), written.get(number, [])) for number in asked}


def _changed(snapshot: Snapshot, row: ConversationRow, since: int, most: int) -> _Changed | None:
    """The rows of one conversation above a version, one more than are sent of each; None when too far behind."""
    number = row.conversation_id
    if since > row.head or (row.head - since > FRESH_BEYOND and _is_far(snapshot, number, since)):
        return None
    seats = members.changed_since(snapshot, number, since, most + 1)
    return seats, messages.changed_since(snapshot, number, since, most + 1)


def _cut(row: ConversationRow, since: int, changed: _Changed, most: int) -> _News:
    """The first rows of one conversation above a version, by version; the head is that of the last one sent."""
    seats, written = changed
    versions = sorted([*(one.version for one in seats), *(one.version for one in written)])
    if row.version > since:
        insort(versions, row.version)
    head = row.head if len(versions) <= most else versions[most - 1]
    return _News(
        row=row,
        since=since,
        head=head,
        fresh=False,
        tells_itself=since < row.version <= head,
        members=[one for one in seats if one.version <= head],
        messages=[one for one in written if one.version <= head],
    )


def _is_far(snapshot: Snapshot, conversation_id: int, since: int) -> bool:
    """Whether more rows are new than are worth sending; many numbers may have gone to the same rows."""
    new_messages = messages.count_since(snapshot, conversation_id, since, FRESH_BEYOND + 1)
    return new_messages + members.count_since(snapshot, conversation_id, since, FRESH_BEYOND + 1) > FRESH_BEYOND


def _fresh(snapshot: Snapshot, row: ConversationRow, since: int) -> _News:
    """The newest page of a conversation, with the seats it shows."""
    return _News(
        row=row,
        since=since,
        head=row.head,
        fresh=True,
        tells_itself=True,
        members=members.changed_since(snapshot, row.conversation_id, 0, SYNC_ROWS_PER_CONVERSATION),
        messages=messages.newest(snapshot, row, PAGE_DEFAULT),
    )


def _shaped(snapshot: Snapshot, news: list[_News], people: Mapping[int, User]) -> list[SyncedConversation]:
    """All conversations of an answer, shaped together so that their number costs no statements."""
    told_messages = _by_conversation(shape_messages(snapshot, [row for one in news for row in one.messages], people))
    seats = [row for one in news for row in one.members]
    told_members: dict[int, list[Member]] = {}
    for row, member in zip(seats, shape_members(snapshot, seats, people), strict=True):
        told_members.setdefault(row.conversation_id, []).append(member)
    rows = [one.row for one in news if one.tells_itself]
    told = {shaped.conversation_id: shaped for shaped in shape_conversations(snapshot, rows, None, people)}
    return [
        SyncedConversation(
            conversation_id=one.row.conversation_id,
            since=one.since,
            head=one.head,
            fresh=one.fresh,
            conversation=told.get(one.row.conversation_id),
            members=told_members.get(one.row.conversation_id, []),
            messages=told_messages.get(one.row.conversation_id, []),
        )
        for one in news
    ]


def _by_conversation(shaped: list[Message]) -> dict[int, list[Message]]:
    """Messages sorted into their conversations, order kept."""
    sorted_in: dict[int, list[Message]] = {}
    for message in shaped:
        sorted_in.setdefault(message.conversation_id, []).append(message)
    return sorted_in
