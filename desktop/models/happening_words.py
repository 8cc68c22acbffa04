"""What happened in a group, as a sentence in the third person."""

from __future__ import annotations

from collections.abc import Sequence

from desktop.core.bubble import HappeningLine

_SENTENCES = {
    "created": "{actor} made the group {title}",
    "renamed": "{actor} named the group {title}",
    "added": "{actor} added {names}",
    "removed": "{actor} removed {names}",
    "left": "{actor} left the group",
    "role": "{actor} made {names} {role}",
    "pinned": "{actor} pinned a message",
}
_ROLES = {"owner": "the owner", "admin": "an admin"}


def happening_words(line: HappeningLine, own_id: int = 0) -> str:
    """Who did what to whom; "You" and "you" for the person `own_id`, "somebody" for whom nobody knows any more."""
    happening = line.happening
    title = f"“{happening.title}”" if happening.title else ""
    role = _ROLES.get(happening.role or "", "a member")
    actor = "You" if own_id and line.actor_id == own_id else line.actor_name or "Somebody"
    ids = [*happening.user_ids, *(0 for _ in line.names)]
    people = ["you" if own_id and user_id == own_id else name for user_id, name in zip(ids, line.names, strict=False)]
    return _SENTENCES[happening.kind].format(actor=actor, names=_listed(people), title=title, role=role).rstrip()


def _listed(names: Sequence[str]) -> str:
    """Several people in a row."""
    known = [name or "somebody" for name in names] or ["somebody"]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
