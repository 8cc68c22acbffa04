"""A timeline's rows in whole sentences, for people who hear them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from desktop.core.bubble import (
    Bubble,
    BubbleFile,
    BubbleReaction,
    DayLine,
    HappeningLine,
    Hole,
    Quote,
    Row,
    Tick,
    UnreadLine,
)
from desktop.models.happening_words import happening_words

_MEDIA = {"image": "Photo", "video": "Video", "file": "File", "text": "Message", "system": "Message"}
_STATES = {Tick.WAITING: "Not sent yet", Tick.SENT: "Sent", Tick.READ: "Read"}


def spoken(row: Row, at: str = "") -> str:
    """A row in words; `at` is when it was, where that is to be said."""
    match row:
        case Bubble():
            return " ".join(part if part.endswith((".", "?", "!", "…")) else f"{part}." for part in _bubble(row, at))
        case HappeningLine():
            return happening_words(row)
        case DayLine():
            return at
        case UnreadLine():
            return f"{row.count} unread"
        case Hole():
            return "Messages not loaded yet"
        case _:
            assert_never(row)


def _bubble(row: Bubble, at: str) -> Iterator[str]:
    """Who and when, what it says and carries, what it answers, what people think of it, and how far it has come."""
    who = "You" if row.own else row.sender_name
    yield f"{who}, {at}: {_said(row)}" if at else f"{who}: {_said(row)}"
    if row.text and row.files:
        yield ", ".join(_file(file) for file in row.files)
    if row.quote is not None:
        yield f"In reply to {_quoted(row.quote)}"
    if row.forwarded_from:
        yield f"Forwarded from {row.forwarded_from}"
    if row.preview is not None:
        yield f"Link: {row.preview.title}"
    if row.reactions:
        yield "Reactions: " + "; ".join(_reaction(one) for one in row.reactions)
    marks = {"Edited": row.edited and not row.deleted, "Pinned": row.pinned, "Starred": row.starred}
    yield from (word for word, holds in marks.items() if holds)
    if row.tick is Tick.FAILED:
        yield f"Not sent: {row.failure or 'the server has refused it'}"
    elif row.changing:
        yield "Being changed"
    elif row.tick in _STATES:
        yield _STATES[row.tick]


def _said(row: Bubble) -> str:
    """What it says, or the files that say it."""
    if row.deleted:
        return "This message was deleted"
    return row.text or ", ".join(_file(file) for file in row.files)


def _file(file: BubbleFile) -> str:
    """A picture by its kind, anything else by its name."""
    return f"File {file.name}" if file.kind == "file" else _MEDIA[file.kind]


def _quoted(quote: Quote) -> str:
    """Who said what."""
    text = "a deleted message" if quote.deleted else quote.text or _MEDIA[quote.type]
    return f"{quote.sender_name}: {text}" if quote.sender_name else text


def _reaction(one: BubbleReaction) -> str:
    """An emoji and who chose it."""
    return f"{one.emoji} {', '.join(one.names) or one.count}"
