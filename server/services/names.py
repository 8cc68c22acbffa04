"""What people may be called: names that can be read, typed and told apart (reliability T25, T26)."""

from __future__ import annotations

import re
import unicodedata

from protocol import text
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits

_USERNAME = re.compile(r"\w(?:[\w.-]*\w)?\Z")
_USERNAME_CHARS_MIN = 2
_STATUS_CHARS = 140
_TITLE_CHARS = 128
_DEVICE_CHARS = 100
_MARKS_IN_A_ROW = 2
_LOOK_ALIKE_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
"""Scripts with letters that look like another's; a name in two of them could pass for somebody else's."""


class Names:
    """Cleans and judges names within the server's limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def username(self, given: str) -> str:
        """A name to log in with, as stored; raises Refused (`invalid_name`)."""
        name = unicodedata.normalize("NFKC", given)
        longest = self._limits.username_chars
        if not _USERNAME_CHARS_MIN <= len(name) <= longest:
            raise _invalid("username", f"Choose a user name of {_USERNAME_CHARS_MIN} to {longest} characters.")
        if text.clean_name(name) != name or not _USERNAME.match(name) or _stacked(name):
            raise _invalid("username", "A user name has letters, digits, and . _ - between them. Choose another.")
        if len(_scripts(name) & _LOOK_ALIKE_SCRIPTS) > 1:
            raise _invalid("username", "A user name keeps to the letters of one script. Choose another.")
        return name

    def display_name(self, given: str) -> str:
        """The name shown to others; raises Refused (`invalid_name`)."""
        name = text.clean_name(given)
        longest = self._limits.display_name_chars
        if not 1 <= len(name) <= longest or not any(letter.isprintable() and letter != " " for letter in name):
            raise _invalid("display_name", f"Choose a name of 1 to {longest} visible characters.")
        if _stacked(name):
            raise _invalid("display_name", "The name has too many accents on one letter. Choose another.")
        return name

    def title(self, given: str) -> str:
        """A group's name; raises Refused (`invalid_name`)."""
        name = text.clean_name(given)
        if not 1 <= len(name) <= _TITLE_CHARS or not any(letter.isprintable() and letter != " " for letter in name):
            raise _invalid("title", f"Choose a title of 1 to {_TITLE_CHARS} visible characters.")
        if _stacked(name):
            raise _invalid("title", "The title has too many accents on one letter. Choose another.")
        return name

    def status_text(self, given: str) -> str:
        """A line about oneself, which may be empty; raises Refused (`invalid_name`)."""
        line = text.clean_name(given)
        if len(line) > _STATUS_CHARS or _stacked(line):
            raise _invalid("status_text", f"Keep the status to {_STATUS_CHARS} plain characters.")
        return line

    def device_name(self, given: str) -> str:
        """What a device calls itself, cut to length; never refused."""
        return text.clean_name(given)[:_DEVICE_CHARS] or "Unnamed device"


def _scripts(name: str) -> set[str]:
    """The scripts of the letters, by the first word of their Unicode names."""
    return {unicodedata.name(letter, "UNKNOWN").split()[0] for letter in name if letter.isalpha()}


def _stacked(name: str) -> bool:
    """Whether more combining marks stand in a row than any language needs here."""
    row = 0
    for letter in name:
        row = row + 1 if unicodedata.category(letter) == "Mn" else 0
        if row > _MARKS_IN_A_ROW:
            return True
    return False


def _invalid(field: str, message: str) -> Refused:
    """The refusal of a name."""
    return Refused(ErrorCode.INVALID_NAME, message, details={"field": field})
