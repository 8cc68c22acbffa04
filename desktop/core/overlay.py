"""What waits in the outbox to change a message, laid over what the server has told of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from desktop.core.outbox import Waiting
from protocol.shapes import Reaction


@dataclass(frozen=True, slots=True)
class Overlay:
    """What becomes of one message: another text, a tombstone, emoji of one's own put there (true) or taken away."""

    text: str | None = None
    mentions: tuple[int, ...] = ()
    deleted: bool = False
    reactions: tuple[tuple[str, bool], ...] = ()

    @property
    def changing(self) -> bool:
        """Whether its words change."""
        return self.deleted or self.text is not None


NOTHING = Overlay()


def overlays(waiting: Iterable[Waiting]) -> dict[str, Overlay]:
    """What becomes of messages, by uid, from what waits in order; what was refused changes nothing."""
    laid: dict[str, Overlay] = {}
    for one in waiting:
        entry = one.entry
        if entry.target_uid is None or entry.is_message or entry.state == "failed":
            continue
        before = laid.get(entry.target_uid, NOTHING)
        match entry.kind:
            case "edit":
                after = replace(before, text=entry.text, mentions=entry.mentions)
            case "delete":
                after = Overlay(deleted=True)
            case _:
                chosen = {**dict(before.reactions), entry.emoji: entry.on}
                after = replace(before, reactions=tuple(chosen.items()))
        laid[entry.target_uid] = after
    return laid


def reactions_under(told: Sequence[Reaction], overlay: Overlay, own_id: int) -> list[Reaction]:
    """Who has chosen which emoji once one's own waiting ones count; in the server's order, new ones last."""
    if not overlay.reactions:
        return [*told]
    chosen = {one.emoji: [*one.user_ids] for one in told}
    for emoji, on in overlay.reactions:
        others = [user_id for user_id in chosen.get(emoji, ()) if user_id != own_id]
        if not on:
            chosen[emoji] = others
        elif own_id not in chosen.get(emoji, ()):
            chosen[emoji] = [*others, own_id]
    return [Reaction(emoji=emoji, user_ids=people) for emoji, people in chosen.items() if people]


def overlay_of(laid: Mapping[str, Overlay], uid: str) -> Overlay:
    """What becomes of one message."""
    return laid.get(uid, NOTHING)
