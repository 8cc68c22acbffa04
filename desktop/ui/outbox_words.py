"""The outbox in words: what waits, since when and why."""

from __future__ import annotations

from desktop.core import moments
from desktop.core.bubble import Connection, Line
from desktop.core.ports import Clock
from desktop.core.waiting_list import WaitingFile, WaitingRow, Why
from desktop.ui.file_words import size_words
from desktop.ui.plain_text import one_line

_FIXED = {
    Why.SAVING: "Being written to this computer's disk.",
    Why.SENDING: "Sending… The server has not answered yet.",
    Why.SIGNED_OUT: "You are signed out. Log in again, and it is sent.",
    Why.TOO_OLD: "This app and the server no longer understand each other. After an update it is sent.",
    Why.HELD: "Waits until you have changed it.",
    Why.BEHIND: "Waits for the earlier messages of this conversation.",
    Why.NEXT: "Goes out now.",
}
INKS = {Why.FAILED: "bad", Why.OFFLINE: "warn", Why.NO_ANSWER: "warn", Why.SIGNED_OUT: "bad", Why.TOO_OLD: "bad"}
"""The colours of reasons that need one; the others are secondary text."""


def counted(count: int) -> str:
    """One message, or so many."""
    return "1 message" if count == 1 else f"{count:,} messages"


def waiting_words(waiting: int) -> str:
    """How many wait."""
    return f"{counted(waiting)} {'waits' if waiting == 1 else 'wait'}"


def asking_words(asking: int) -> str:
    """How many need the user."""
    return f"{asking:,} {'needs' if asking == 1 else 'need'} you"


def failed_words(failed: int) -> str:
    """How many were refused."""
    return f"{counted(failed)} not sent"


def overdue_words(overdue: int) -> str:
    """How many have waited for long."""
    return f"{counted(overdue)} waiting for over a day"


def title_words(row: WaitingRow) -> str:
    """Whom it is for."""
    return row.title or "a conversation that is not loaded yet"


def first_line(row: WaitingRow) -> str:
    """What was written or is to be done, as one line; empty for a file without words."""
    text, about = one_line(row.text).strip(), one_line(row.about).strip() or "a message"
    match row.kind:
        case "send":
            return text
        case "forward":
            return f"Forward: {text}" if text else "Forward"
        case "edit":
            return f"Edit: {text}"
        case "delete":
            return f"Delete: {about}"
        case "react":
            return f"React with {row.emoji} to: {about}" if row.on else f"Take back {row.emoji} from: {about}"


def can_edit(row: WaitingRow) -> bool:
    """Whether there are words in it that its writer may change."""
    return row.kind in {"send", "edit"}


def file_words(file: WaitingFile) -> str:
    """A file with its size."""
    return file.name if file.size is None else f"{file.name} · {size_words(file.size)}"


def since_words(since_ms: int, clock: Clock) -> str:
    """Since when it waits; a clock that was set back makes nothing of it."""
    now_ms = max(clock.now_ms(), since_ms)
    day = moments.day_words(since_ms, now_ms, clock.local_offset_s)
    at = moments.bubble_time(since_ms, clock.local_offset_s)
    return f"since {at}" if day == "Today" else f"since {day}, {at}"


def why_words(row: WaitingRow, clock: Clock) -> str:
    """Why it is still here, and what happens next."""
    match row.why:
        case Why.FAILED:
            what = "Not sent" if row.kind in {"send", "forward"} else "Not done"
            return f"{what}: {row.problem or 'the server has refused it.'}"
        case Why.UPLOADING:
            return f"Uploading, {round((row.progress or 0) * 100)} %"
        case Why.LIMITED:
            return f"{row.problem} It is sent by itself at {_second(row.until_ms, clock)}."
        case Why.OFFLINE:
            return _offline_words(row, clock)
        case Why.NO_ANSWER:
            return f"Tried at {_second(row.tried_at_ms, clock)}: {row.problem} It is tried again."
        case _:
            return _FIXED[row.why]


def line_words(connection: Connection, clock: Clock) -> str:
    """The state of the line over the list."""
    match connection.line:
        case Line.CONNECTED:
            return "Connected. What can be sent is sent now."
        case Line.CONNECTING | Line.UPDATING:
            return "Connecting…"
        case Line.SIGNED_OUT | Line.TOO_OLD:
            return connection.reason or "The server does not let this app in."
        case Line.OFFLINE:
            reason = connection.reason or "No connection."
            again = _second(connection.retry_at_ms, clock)
            return f"{reason} The next try is at {again}." if again else reason


def _offline_words(row: WaitingRow, clock: Clock) -> str:
    """No connection: what the last try gave, and that it goes out by itself."""
    tried = _second(row.tried_at_ms, clock)
    if tried:
        return f"No connection. Last tried at {tried}. It is sent as soon as the server answers."
    return "No connection. It is sent as soon as the server answers."


def _second(at_ms: int | None, clock: Clock) -> str:
    """HH:MM:SS on the local clock; empty where there is no such moment."""
    return "" if at_ms is None else f"{moments.local(at_ms, clock.local_offset_s):%H:%M:%S}"
