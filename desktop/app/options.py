"""What may be said on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """A start's wishes. `place` is left, top, width and height in pixels, `conversation` an id to open first."""

    profile: Path | None = None
    link: str = ""
    self_check: str = ""
    user: str = ""
    place: tuple[int, int, int, int] | None = None
    conversation: int = 0
    minimised: bool = False


def read_options(arguments: Sequence[str]) -> Options:
    """The options; ends the process with a message for those that make no sense."""
    parser = argparse.ArgumentParser(
        prog="hearth", description="Hearth, a messenger for a team.", epilog="hearth demo: try it with sample people."
    )
    parser.add_argument("link", nargs="?", default="", help="a server's address, or a hearth:// link")
    parser.add_argument("--profile", type=Path, help="keep everything in this folder: a second, separate Hearth")
    parser.add_argument("--minimised", action="store_true", help="start in the tray, or minimised where there is none")
    parser.add_argument("--version", action="version", version=f"Hearth {version('hearth')}")
    parser.add_argument("--self-check", metavar="URL", default="", help="log in there, say ok, and end")
    parser.add_argument("--user", default="", help="the user name for --self-check")
    parser.add_argument("--password-stdin", action="store_true", help="read the password for --self-check")
    parser.add_argument("--place", type=_place, help=argparse.SUPPRESS)
    parser.add_argument("--conversation", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.self_check and not (given.user and given.password_stdin):
        parser.error("--self-check needs --user NAME and --password-stdin")
    return Options(
        given.profile,
        given.link,
        given.self_check,
        given.user,
        given.place,
        given.conversation,
        given.minimised,
    )


def _place(text: str) -> tuple[int, int, int, int]:
    """`left,top,width,height` as numbers."""
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError("a place is left,top,width,height in pixels") from error
    return left, top, width, height
