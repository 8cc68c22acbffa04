"""The link that a message is previewed by: the first address of the web in its text."""

from __future__ import annotations

import re

_LINK = re.compile(r"https?://[^\s<>\"`]{1,2000}", re.IGNORECASE)
_AFTER = ".,;:!?'*_~"
"""What ends a sentence, or marks text, rather than an address."""
_PAIRS = {")": "(", "]": "[", "}": "{"}


def first_link(text: str | None) -> str | None:
    """The first address in a text, without what surrounds it; None where there is none."""
    found = _LINK.search(text or "")
    if found is None:
        return None
    link = found[0]
    while link and (link[-1] in _AFTER or _closes_nothing(link)):
        link = link[:-1]
    return link


def _closes_nothing(link: str) -> bool:
    """Whether an address ends with a bracket that was opened before it."""
    opener = _PAIRS.get(link[-1])
    return opener is not None and link.count(link[-1]) > link.count(opener)
