"""Messages: sent, looked at one by one, read in pages."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from protocol.commands import Page, SendMessage
from protocol.limits import PAGE_DEFAULT, PAGE_MAX, WHOLE_LIST_MAX, Limits
from protocol.shapes import Message, Reader
from protocol.times import to_wire
from server.services import refusals
from server.services.access import Access
from server.services.ports import Actor, Said
from server.services.posting import Posted, Posting
from server.services.shaping import shape_messages
from server.services.uploads import Uploads
from server.storage import messages, receipts, users
from server.storage.members import Seat
from server.storage.messages import MessageRow
from server.storage.unit import Database, Snapshot


class MessagePage(Struct, frozen=True, kw_only=True):
    """Messages ascending, with the conversation's head and first and last position from the same transaction."""

    messages: list[Message]
    head: int
    first_position: int
    last_position: int


class Messages:
    """Sends and reads messages. `post` and `post_later` are the only doors to new ones."""

    def __init__(
        self, database: Database, access: Access, uploads: Uploads, limits: Limits, said: Said | None = None
    ) -> None:
        """`said` is told what each new message says, after the commit."""
        self._database = database
        self._access = access
        self._posting = Posting(access, uploads, limits, said)

    def post(self, actor: Actor, command: SendMessage) -> Posted:
        """Send; returns once the message is on disk. The same uid with the same content answers the same again.

        Raises Refused: `not_yourself`, `empty_content`, `content_too_long`, `too_many_attachments`, `type_mismatch`,
        `not_found`, `wrong_receiver`, `file_not_uploaded`, `idempotency_conflict`, `unavailable`, `storage_full`.
        """
        return self._database.write(self._posting.job(self._posting.draft(actor, command)))

    def post_later(self, actor: Actor, command: SendMessage, done: Callable[[Posted | Exception], object]) -> None:
        """Line a send up and return; `done` gets what `post` would return or raise, after the commit.

        Under gevent `done` is called in the hub's thread, in the order of commits, and before anything of its batch is
        announced; it must not block or raise. What the command itself gets wrong is raised here at once, as Refused.
        """
        self._database.write_later(self._posting.job(self._posting.draft(actor, command)), done)

    def get(self, actor: Actor, message_id: int) -> Message:
        """One message. Raises Refused (`not_found`)."""
        with self._database.read() as snapshot:
            row, _ = self._access.message(actor, message_id, snapshot)
            return shape_messages(snapshot, [row])[0]

    def readers(self, actor: Actor, message_id: int) -> list[Reader]:
        """Which members but the sender have read a message, the first one first; who hides it is not told.

        Raises Refused (`not_found`).
        """
        with self._database.read() as snapshot:
            row, _ = self._access.message(actor, message_id, snapshot)
            found = receipts.readers(snapshot, row.conversation_id, row.sender_id, row.position)
            people = users.load(snapshot, [user_id for user_id, _ in found])
        return [Reader(user=people[user_id], read_at=to_wire(read_at)) for user_id, read_at in found]

    def page(self, actor: Actor, conversation_id: int, page: Page) -> MessagePage:
        """Part of a conversation, ascending; without any limit the newest 10,000.

        Raises Refused (`not_found`; `invalid_request` for more than one of before, after, around).
        """
        find = _pager(page)
        with self._database.read() as snapshot:
            seat = self._access.seat(actor, conversation_id, snapshot)
            rows = find(snapshot, seat)
            return MessagePage(
                messages=shape_messages(snapshot, rows),
                head=seat.head,
                first_position=1,
                last_position=seat.last_position,
            )


_Find = Callable[[Snapshot, Seat], list[MessageRow]]


def _pager(page: Page) -> _Find:
    """How to find what a page asks for. Raises Refused (`invalid_request`)."""
    given = [name for name in ("before", "after", "around") if getattr(page, name) is not None]
    if len(given) > 1:
        raise refusals.invalid(given[1], f"Give only one of {' and '.join(given)}.")
    limit = min(page.limit or PAGE_DEFAULT, PAGE_MAX)
    before, after, around = page.before, page.after, page.around
    if around is not None:
        return lambda on, seat: _around(on, seat, around, limit)
    if after is not None:
        return lambda on, seat: messages.oldest_after(on, seat, after, limit)
    most = WHOLE_LIST_MAX if page.limit is None and before is None else limit
    return lambda on, seat: messages.newest(on, seat, most, before=before)


def _around(snapshot: Snapshot, seat: Seat, position: int, limit: int) -> list[MessageRow]:
    """As many on either side of a position, itself among the later half; a short side leaves room to the other."""
    later = messages.oldest_after(snapshot, seat, position - 1, limit)
    earlier = messages.newest(snapshot, seat, limit, before=position)
    half = limit // 2
    kept_later = min(len(later), max(limit - half, limit - len(earlier)))
    kept_earlier = min(len(earlier), limit - kept_later)
    return earlier[len(earlier) - kept_earlier :] + later[:kept_later]
