"""Behaviours 1 to 10 as one machine: whatever comes, loads, changes or is resized, what is read never moves by itself.

Arrivals, older and newer pages, edits, deletions, reactions, waiting messages, resizes, scrolls and jumps come in any
order; after each of them the view must stand where the rules say.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtWidgets import QApplication

from desktop.core.bubble import Bubble, BubbleReaction, Quote, Row, UnreadLine
from desktop.core.listops import Facet, Insert, Remove, Replace
from desktop.core.ports import Api
from desktop.models.timeline_model import TimelineModel
from desktop.ui import fonts
from desktop.ui.pictures import Pictures
from desktop.ui.timeline_scroll import AT_BOTTOM
from desktop.ui.timeline_view import TimelineView
from desktop.ui.transfers import Transfers
from tests.desktop.timeline_rows import CLOCK, Rows, bubble

LAYOUT = frozenset({Facet.LAYOUT})


class ScrollRules(RuleBasedStateMachine):
    """One view over rows that change. Owns the numbers of the first and the last message."""

    def __init__(self) -> None:
        super().__init__()
        fonts.install()
        self.view = TimelineView(Pictures(cast("Api", None)), Transfers(), CLOCK)
        self.view.resize(600, 400)
        self.view.show()
        self.source = Rows()
        self.last = 0
        self.first = 0

    def teardown(self) -> None:
        self.view.close()
        self.view.deleteLater()

    @initialize(count=st.integers(1, 60), unread=st.integers(0, 60), lines=st.integers(1, 6))
    def opens(self, count: int, unread: int, lines: int) -> None:
        """Behaviour 1."""
        self.first, self.last = 500, 499 + count
        rows: list[Row] = [self._new(number, lines) for number in range(self.first, self.last + 1)]
        if 0 < unread <= count:
            rows.insert(count - unread, UnreadLine("unread", unread))
        self.source = Rows(rows)
        self.view.set_model(TimelineModel(self.source, self.view))
        self.view.finish_landing()
        divider = self.view.row_box("unread")
        if 0 < unread <= count:
            assert divider is not None
            assert divider[1].top() < self.view.viewport().height() // 3 or self.view.at_bottom()
        else:
            assert self.view.at_bottom()

    def _new(self, number: int, lines: int) -> Bubble:
        return bubble(number, "\n".join(f"line {line}" for line in range(lines)), first_in_group=number % 3 == 0)

    def _quietly(self, *operations: Insert[Row] | Remove | Replace[Row]) -> None:
        """Change the rows: at the end the end is followed, else what is read stands still to the pixel."""
        before, followed = self._reading(), self.view.at_bottom()
        self.source.do(*operations)
        if followed:
            assert self.view.at_bottom()
        else:
            self._stands(before)

    def _stands(self, before: tuple[str, int] | None) -> None:
        """What was read is where it was, unless nothing is left to scroll: then the content's end decides."""
        bar = self.view.verticalScrollBar()
        if before is None or bar.value() in {bar.minimum(), bar.maximum()}:
            return
        found = self.view.row_box(before[0])
        assert found is not None
        assert found[1].top() == before[1]

    def _reading(self) -> tuple[str, int] | None:
        """The message that is read, and its pixel: the first one that begins in the upper half of the screen."""
        seen = ((row.key, box.top()) for _, row, box in self.view.visible_rows() if isinstance(row, Bubble))
        half = self.view.viewport().height() // 2
        return next((one for one in seen if 0 <= one[1] <= half), None)

    @rule(lines=st.integers(1, 8), own=st.booleans())
    def somebody_writes(self, lines: int, own: bool) -> None:
        """Behaviour 5: followed at the end, left alone elsewhere."""
        self.last += 1
        new = replace(self._new(self.last, lines), own=own)
        self._quietly(Insert(len(self.source.rows), (new,)))

    @rule(count=st.integers(1, 50), lines=st.integers(1, 5))
    def older_messages_load(self, count: int, lines: int) -> None:
        """Behaviour 8: to the pixel."""
        rows = tuple(self._new(number, lines) for number in range(self.first - count, self.first))
        self.first -= count
        self._quietly(Insert(0, rows))

    @rule(data=st.data(), lines=st.integers(1, 12))
    def a_message_is_edited_or_gets_reactions(self, data: st.DataObject, lines: int) -> None:
        """A bubble changes its height: what is read stays where its top is."""
        places = [place for place, row in enumerate(self.source.rows) if isinstance(row, Bubble)]
        place = data.draw(st.sampled_from(places))
        row = cast("Bubble", self.source.rows[place])
        reactions = tuple(
            BubbleReaction(sign, 1, ("Bo",), own=False) for sign in "👍🎉❤"[: data.draw(st.integers(0, 3))]
        )
        quote = Quote("q", 1, 2, "Bo", "text", "What?") if data.draw(st.booleans()) else None
        changed = replace(row, text="\n".join("new" * 3 for _ in range(lines)), reactions=reactions, quote=quote)
        self._quietly(Replace(place, replace(changed, edited=True), LAYOUT))

    @rule(data=st.data())
    def a_message_is_deleted(self, data: st.DataObject) -> None:
        """A tombstone takes its place."""
        places = [place for place, row in enumerate(self.source.rows) if isinstance(row, Bubble)]
        place = data.draw(st.sampled_from(places))
        row = cast("Bubble", self.source.rows[place])
        self._quietly(Replace(place, replace(row, deleted=True, text="", reactions=()), LAYOUT))

    @rule(data=st.data())
    def a_row_goes(self, data: st.DataObject) -> None:
        """The divider on leaving, or a far end of the window."""
        if len(self.source.rows) < 3:
            return
        place = data.draw(st.sampled_from([0, len(self.source.rows) - 1]))
        key = self.source.rows[place].key
        if any(row.key == key for _, row, _ in self.view.visible_rows()):
            return
        self._quietly(Remove(place, 1))

    @rule(width=st.integers(320, 1400), height=st.integers(200, 900))
    def the_window_is_resized(self, width: int, height: int) -> None:
        """The end stays at the end; the first message stays where its top is, however its lines break."""
        before, followed = self._reading(), self.view.at_bottom()
        self.view.resize(width, height)
        if followed:
            assert self.view.at_bottom()
        elif before is None or before[1] < height:
            self._stands(before)

    @rule(share=st.floats(0, 1))
    def the_reader_scrolls(self, share: float) -> None:
        """Where the reader goes, the view stays."""
        bar = self.view.verticalScrollBar()
        bar.setValue(round(share * bar.maximum()))
        assert self.view.at_bottom() == (bar.maximum() - bar.value() <= AT_BOTTOM)

    @rule(data=st.data())
    def the_reader_jumps_and_returns(self, data: st.DataObject) -> None:
        """Behaviours 7 and 10: the target is in sight, and the way back leads to the same pixel."""
        keys = [row.key for row in self.source.rows if isinstance(row, Bubble)]
        place = self.view.place()
        before = {row.key: box.top() for _, row, box in self.view.visible_rows()}
        key = data.draw(st.sampled_from(keys))
        assert self.view.jump_to(key)
        found = self.view.row_box(key)
        assert found is not None
        assert found[1].top() < self.view.viewport().height()
        assert found[1].bottom() > 0
        if place is None:
            self.view.scroll_to_bottom()
            assert self.view.at_bottom()
        else:
            assert self.view.return_to(place)
            now = {row.key: box.top() for _, row, box in self.view.visible_rows()}
            assert now[place.key] == before[place.key]

    @rule()
    def nothing_happens(self) -> None:
        """Guessed heights become measured ones while nobody does anything."""
        before = {row.key: box.top() for _, row, box in self.view.visible_rows()}
        for _ in range(4):
            QApplication.processEvents()
        assert {row.key: box.top() for _, row, box in self.view.visible_rows()} == before

    @invariant()
    def rows_stand_without_gaps_or_overlaps(self) -> None:
        """Each row begins where the one above it ends, and the view never shows less than it could."""
        boxes = [box for _, _, box in self.view.visible_rows()]
        for above, below in pairwise(boxes):
            assert 0 <= below.top() - above.bottom() - 1 <= 14
        if self.source.rows:
            assert boxes


def test_what_is_read_never_moves_by_itself(qapp: QApplication) -> None:
    del qapp
    rules = settings(max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(ScrollRules, settings=rules)
