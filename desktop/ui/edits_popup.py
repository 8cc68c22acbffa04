"""What a message said before it was edited, and what it says now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from desktop.core import moments
from desktop.core.bubble import Bubble
from desktop.core.changing import Changing
from desktop.core.ports import Clock
from desktop.ui.facts_dialog import Fact, FactsDialog
from protocol.times import from_wire


def edits_dialog(changing: Changing, bubble: Bubble, clock: Clock, parent: QWidget) -> FactsDialog:
    """The dialog, asking already; its owner opens it. The newest text stands first."""

    def when(at_ms: int) -> str:
        return moments.full_time(at_ms, clock.local_offset_s)

    async def ask() -> Sequence[Fact]:
        edits = await changing.edits(bubble.conversation_id, bubble.key)
        if not edits:
            return []
        # What a text replaced was edited when the next one was written.
        since = [bubble.at_ms, *(from_wire(edit.edited_at) for edit in edits)]
        texts = [*(edit.content or "" for edit in edits), bubble.text]
        told = [
            Fact(text or "No text", f"{'Written' if number == 0 else 'Edited'} {when(at_ms)}", wraps=True)
            for number, (text, at_ms) in enumerate(zip(texts, since, strict=True))
        ]
        return list(reversed(told))

    nothing = ("pencil", "No earlier text", "The server keeps no earlier text of this message.")
    return FactsDialog("Edits", nothing, ask, parent)
