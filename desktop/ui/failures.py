"""What went wrong with a request, in words for the person who asked."""

from __future__ import annotations

from desktop.core.ports import Unreachable
from protocol.errors import Refused

UNREACHABLE_WORDS = "The server cannot be reached just now. Check your network and try again."


def words_of(error: Refused | Unreachable | OSError) -> str:
    """The sentence to show: the server's own, or ours where nobody answered or the disk refused."""
    if isinstance(error, Refused):
        return error.message
    if isinstance(error, Unreachable):
        return UNREACHABLE_WORDS
    return f"This computer refused: {error.strerror or error}. Choose another file or folder."
