"""What can be done with a message, as a list of deeds: only those that work for it, for this person, right now."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from desktop.core.bubble import Bubble, Header, Tick


class Deed(Enum):
    """Something to do with a message, by the words of its menu entry."""

    RETRY = "Retry"
    REPLY = "Reply"
    REACT = "React…"
    COPY = "Copy text"
    EDIT = "Edit"
    FORWARD = "Forward…"
    PIN = "Pin for everybody"
    UNPIN = "Unpin"
    STAR = "Star"
    UNSTAR = "Remove star"
    SELECT = "Select"
    MARK_UNREAD = "Mark unread from here"
    SEEN_BY = "Seen by…"
    EDITS = "Edits…"
    REMOVE_PREVIEW = "Remove link preview"
    DELETE = "Delete…"
    DISCARD = "Delete"


KEYS = {
    Deed.REPLY: "R",
    Deed.REACT: "+",
    Deed.EDIT: "E",
    Deed.FORWARD: "F",
    Deed.PIN: "P",
    Deed.UNPIN: "P",
    Deed.STAR: "S",
    Deed.UNSTAR: "S",
    Deed.DELETE: "Del",
    Deed.DISCARD: "Del",
}
"""The keys that do it where the keyboard stands on a message."""


def is_stored(bubble: Bubble) -> bool:
    """Whether the server has it, as a message with something in it."""
    there = bubble.message_id is not None and bubble.position is not None
    return there and not bubble.deleted and bubble.type != "system"


def may_delete(bubble: Bubble, header: Header) -> bool:
    """One's own, and everybody's for the owner and the admins of a group."""
    leads = header.kind == "group" and header.own_role in {"owner", "admin"}
    return is_stored(bubble) and (bubble.own or leads)


def may_edit(bubble: Bubble) -> bool:
    """One's own words, whoever they were not forwarded from."""
    return is_stored(bubble) and bubble.own and bool(bubble.text) and bubble.forwarded_from is None


def may_pin(bubble: Bubble, header: Header) -> bool:
    """Both in a direct conversation; the owner and the admins in a group."""
    return is_stored(bubble) and (header.kind == "direct" or header.own_role in {"owner", "admin"})


def deeds(bubble: Bubble, header: Header) -> Iterator[Deed]:
    """The deeds of a message, in the order of its menu."""
    waits = bubble.position is None and bubble.own
    stored = is_stored(bubble)
    offered = (
        (Deed.RETRY, bubble.tick is Tick.FAILED),
        (Deed.REPLY, stored or bubble.tick is Tick.WAITING),
        (Deed.REACT, stored),
        (Deed.COPY, bool(bubble.text) and not bubble.deleted),
        (Deed.EDIT, waits or may_edit(bubble)),
        (Deed.FORWARD, stored),
        (Deed.UNPIN if bubble.pinned else Deed.PIN, may_pin(bubble, header)),
        (Deed.UNSTAR if bubble.starred else Deed.STAR, stored),
        (Deed.SELECT, not bubble.deleted and bubble.type != "system"),
        (Deed.MARK_UNREAD, bubble.message_id is not None and not bubble.own),
        (Deed.SEEN_BY, stored and bubble.own),
        (Deed.EDITS, stored and bubble.edited),
        (Deed.REMOVE_PREVIEW, stored and bubble.own and bubble.preview is not None),
        (Deed.DELETE, may_delete(bubble, header)),
        (Deed.DISCARD, waits),
    )
    return (deed for deed, works in offered if works)
