"""Who has read a message of one's own, and when."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from desktop.core import moments
from desktop.core.bubble import Bubble
from desktop.core.changing import Changing
from desktop.core.ports import Clock
from desktop.ui.facts_dialog import Fact, FactsDialog
from protocol.times import from_wire


def seen_by_dialog(changing: Changing, bubble: Bubble, clock: Clock, parent: QWidget) -> FactsDialog:
    """The dialog, asking already; its owner opens it."""

    async def ask() -> Sequence[Fact]:
        readers = await changing.readers(bubble.conversation_id, bubble.key)
        return [
            Fact(
                reader.user.display_name,
                moments.full_time(from_wire(reader.read_at), clock.local_offset_s),
                (reader.user.display_name, reader.user.user_id),
            )
            for reader in readers
        ]

    nothing = ("eye-off", "Not read yet", "When somebody reads this message, they appear here.")
    return FactsDialog("Seen by", nothing, ask, parent)
