"""What a `hearth://` link leads to, and going there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from desktop.core.sign_in import Unusable
from desktop.net.addresses import parse_address
from desktop.ui.plain_text import PlainMessageBox

if TYPE_CHECKING:
    from desktop.core.session import Session
    from desktop.ui.main_window import MainWindow


class LeadsNowhere(Exception):  # noqa: N818 - what somebody clicked, no error of ours
    """A link that cannot be followed, with a sentence that says why."""


@dataclass(frozen=True, slots=True)
class MessageLink:
    """hearth://conversation/ID, or hearth://conversation/ID/message/UID."""

    conversation_id: int
    uid: str = ""


@dataclass(frozen=True, slots=True)
class ServerLink:
    """hearth://server/HOST, an invitation, or a server's address as people type it."""

    address: str


def read_link(text: str) -> MessageLink | ServerLink:
    """What a link leads to. Raises LeadsNowhere, with a sentence, for one that leads nowhere."""
    try:
        parts = urlsplit(text.strip())
    except ValueError as error:
        raise LeadsNowhere(f"Hearth cannot read the link “{text[:200]}”.") from error
    ways = [unquote(part) for part in parts.path.split("/") if part]
    if parts.scheme != "hearth" or parts.netloc not in {"conversation", "server"} or ways[:1] == ["invite"]:
        return ServerLink(text.strip())
    match parts.netloc, ways:
        case "server", [host]:
            return ServerLink(host)
        case "conversation", [number] if number.isdecimal():
            return MessageLink(int(number))
        case "conversation", [number, "message", uid] if number.isdecimal():
            return MessageLink(int(number), uid)
        case _:
            raise LeadsNowhere(f"Hearth does not know what the link “{text[:200]}” leads to.")


def server_of(text: str, known: str) -> str:
    """The address that a start's link asks to log in at; empty where it leads elsewhere, or to the `known` server."""
    try:
        link = read_link(text) if text else None
        if not isinstance(link, ServerLink):
            return ""
        is_known = bool(known) and parse_address(link.address).url == parse_address(known).url
    except (LeadsNowhere, Unusable):
        return ""
    return "" if is_known else link.address


def follow_link(text: str, session: Session, window: MainWindow, server: str) -> None:
    """Go where a link leads; where it leads nowhere, say so in the window."""
    try:
        link = read_link(text)
        if isinstance(link, MessageLink):
            _go(link, session, window)
        else:
            _stay(text, link, server)
    except LeadsNowhere as error:
        PlainMessageBox(window, "Hearth link", str(error)).open()


def _go(link: MessageLink, session: Session, window: MainWindow) -> None:
    """Open the conversation, at its message. Raises LeadsNowhere where it is not one's own."""
    if all(row.conversation_id != link.conversation_id for row in session.conversations.rows):
        raise LeadsNowhere("The link leads to a conversation that you are not in.")
    if not link.uid:
        window.open_conversation(link.conversation_id)
        return
    found = session.find(link.uid)
    window.show_message(link.conversation_id, found.position if found else 0, link.uid)


def _stay(text: str, link: ServerLink, server: str) -> None:
    """One account at a time. Raises LeadsNowhere for another server than the one that one is signed in at."""
    if server_of(text, server):
        raise LeadsNowhere(
            f"You are signed in at {server}. To use {link.address}, sign out under Settings, Account, "
            "or start a second Hearth: hearth --profile FOLDER."
        )
