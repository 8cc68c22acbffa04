"""The contract's limits with their defaults; the server may change them and tells clients in `GET /api/server`."""

from __future__ import annotations

from msgspec import Struct

PROTOCOL_MIN = 1
PROTOCOL_MAX = 1
"""Protocol versions this code speaks; sent by clients as `X-Hearth-Protocol`."""

PROTOCOL_HEADER = "X-Hearth-Protocol"
HEAD_HEADER = "X-Conversation-Head"
LAST_POSITION_HEADER = "X-Conversation-Last-Position"
"""With every list of messages: head and last position, read in the list's own transaction."""

WHOLE_LIST_MAX = 10_000
"""A list asked for without paging holds at most this many of the newest (contract, ground rules)."""
PAGE_MAX = 200
PAGE_DEFAULT = 50
SYNC_ROWS_PER_CONVERSATION = 500
SYNC_ROWS_TOTAL = 2_000
TYPING_REPEAT_S = 3.0
TYPING_EXPIRES_S = 6.0


class Limits(Struct, frozen=True, kw_only=True):
    """What a client must keep within; units in the names."""

    content_chars: int = 16_000
    event_bytes: int = 256 * 1024
    attachments_per_message: int = 10
    file_bytes: int = 100 * 1000 * 1000
    image_bytes: int = 25 * 1000 * 1000
    image_pixels: int = 40_000_000
    messages_per_minute: int = 60
    message_burst: int = 20
    logins_per_minute: int = 5
    sockets_per_user: int = 20
    authenticate_within_s: int = 10
    open_uploads_per_user: int = 20
    username_chars: int = 32
    display_name_chars: int = 64
    password_min_chars: int = 10
    password_max_chars: int = 256
