"""Previews of links: made by the server after a message is on disk, taken away by who wrote it. Off by default."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from protocol.errors import Refused
from protocol.shapes import LinkPreview, Message
from server.services import refusals
from server.services.changes import tell_updated
from server.services.links import first_link
from server.services.ports import Actor, Links, PageFacts
from server.services.shaping import shape_messages
from server.storage import messages
from server.storage.attachments import file_url

if TYPE_CHECKING:
    from server.services.access import Access
    from server.services.uploads import Uploads
    from server.storage.attachments import AttachmentRow
    from server.storage.blobs import Incoming
    from server.storage.messages import MessageRow
    from server.storage.unit import Database, Unit

PURPOSE = "preview"
_PICTURE_BYTES = 2 * 1024 * 1024

Later = Callable[[Callable[[], object]], bool]
"""Has something done in the background; false where too much waits already. Does not block."""

_log = logging.getLogger(__name__)


class Previews:
    """The only writer of previews.

    a text is on disk ──► consider() ──► look() in the background ──► told as message_updated ──► remove()
                              │ no link, or too many wait    │ nothing there, or the text has changed since
                              └──────────────────────────────┴──────────────► (no preview)
    """

    def __init__(self, database: Database, access: Access, uploads: Uploads, links: Links, later: Later) -> None:
        self._database = database
        self._access = access
        self._uploads = uploads
        self._links = links
        self._later = later

    def consider(self, message_id: int, content: str | None) -> None:
        """A message with this text is on disk: have its first link looked at. Neither blocks nor raises."""
        url = first_link(content)
        if url is not None and not self._later(partial(self.look, message_id, url)):
            _log.info("too many links wait: one is left without a preview")

    def look(self, message_id: int, url: str) -> None:
        """Look at a message's link, and show what is there as long as the message still has that link."""
        try:
            incoming = self._uploads.blank(_PICTURE_BYTES)
        except Refused:
            _log.info("the disk is nearly full: a link is left without a preview")
            return
        try:
            facts = self._links.read(url, incoming.path)
            if facts is not None:
                self._show(message_id, url, facts, incoming)
        finally:
            incoming.drop()

    def _show(self, message_id: int, url: str, facts: PageFacts, incoming: Incoming) -> None:
        """Keep the picture, made anew, then write the preview; a picture that nobody names is gone again."""
        picture = self._uploads.store_preview(incoming) if facts.has_picture else None
        written = False
        try:
            written = self._database.write(lambda unit: self._write(unit, message_id, url, facts, picture))
        except Refused as refusal:
            _log.info("a preview could not be written", extra={"code": str(refusal.code)})
        finally:
            if picture is not None and not written:
                self._uploads.discard_picture(picture)

    def _write(self, unit: Unit, message_id: int, url: str, facts: PageFacts, picture: AttachmentRow | None) -> bool:
        """In the writing transaction: false where the message says something else by now."""
        row = messages.by_id(unit.connection, message_id)
        if row is None or row.deleted_at is not None or row.preview is not None or first_link(row.content) != url:
            return False
        if picture is not None:
            self._uploads.tie(unit, picture, message_id, row.sender_id)
        self._renew(unit, row, msgspec.json.encode(_shaped(url, facts, picture)).decode())
        return True

    def remove(self, actor: Actor, message_id: int) -> Message:
        """Take the preview of one's own message away, for good; where there is none nothing changes.

        Raises Refused: `not_found`, `forbidden`.
        """

        def job(unit: Unit) -> Message:
            row, _ = self._access.message(actor, message_id, unit.connection)
            if row.sender_id != actor.user_id:
                raise refusals.forbidden("Only who wrote a message can take its preview away. Ask them.")
            if row.preview is None:
                return shape_messages(unit.connection, [row])[0]
            self._uploads.forget_sent(unit, message_id, purpose=PURPOSE)
            return self._renew(unit, row, None)

        return self._database.write(job)

    def _renew(self, unit: Unit, row: MessageRow, preview: str | None) -> Message:
        """Store a message with another preview, or none, and tell it."""
        version = unit.next_version(row.conversation_id)
        messages.change(unit.connection, row.message_id, version, {"preview": preview})
        member_ids = self._access.member_ids(row.conversation_id, unit.connection)
        return tell_updated(unit, [replace(row, version=version, preview=preview)], member_ids)


def _shaped(url: str, facts: PageFacts, picture: AttachmentRow | None) -> LinkPreview:
    """A preview as it goes over the wire."""
    return LinkPreview(
        url=url,
        title=facts.title,
        site=facts.site,
        description=facts.description,
        image_url=None if picture is None else file_url(picture.key, picture.file_name),
        image_width=None if picture is None else picture.width,
        image_height=None if picture is None else picture.height,
        image_blurhash=None if picture is None else picture.blurhash,
    )
