"""Rows of a conversation list made by hand, and a list that tells its operations as the core's does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from desktop.core.bubble import ConversationRow, Preview
from desktop.core.listops import ListOp, replay
from desktop.core.observable import Topic

NOON_MS = 1_795_608_000_000


class Rows:
    """A list that tells its operations as the core's conversation list does."""

    def __init__(self, *rows: ConversationRow) -> None:
        self.rows: list[ConversationRow] = list(rows)
        self.operations: Topic[Sequence[ListOp[ConversationRow]]] = Topic()

    def do(self, *operations: ListOp[ConversationRow]) -> None:
        for operation in operations:
            replay(self.rows, operation)
        self.operations.publish(operations)


def row(number: int, title: str = "", **facts: object) -> ConversationRow:
    made = ConversationRow(number, title or f"Person {number}", None, number, number, Preview(), NOON_MS, 0, "offline")
    return replace(made, **facts)  # type: ignore[arg-type]
