"""Chosen things as small chips that break into lines; a click takes one away."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui.buttons import Button
from desktop.ui.plain_text import one_line
from protocol.text import isolate

GAP_PX = 6
CHIP_PX = 24
NAME_MOST = 24


class Chips(QWidget):
    """Owns the chips; each stands for a number."""

    removed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._chips: list[Button] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_names(self, names: Sequence[tuple[int, str]]) -> None:
        """Show these instead, by number and name."""
        for chip in self._chips:
            chip.hide()
            chip.deleteLater()
        self._chips = [self._chip(number, name) for number, name in names]
        self.setVisible(bool(self._chips))
        self._place()

    def words(self) -> list[str]:
        """What the chips are called."""
        return [chip.accessibleName() for chip in self._chips]

    def click(self, place: int) -> None:
        """Take one away."""
        self._chips[place].click()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew."""
        super().resizeEvent(event)
        self._place()

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(200, self.height())

    def _chip(self, number: int, name: str) -> Button:
        """One chip."""
        words = one_line(name)
        cut = words if len(words) <= NAME_MOST else f"{words[: NAME_MOST - 1]}…"
        chip = Button(f"{isolate(cut)}  ×", "chip", lambda: self.removed.emit(number))
        chip.setAccessibleName(f"Remove {words}")
        chip.setParent(self)
        chip.setFixedHeight(CHIP_PX)
        chip.show()
        return chip

    def _place(self) -> None:
        """Put the chips beside and below each other."""
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = y = 0
        for chip in self._chips:
            width = min(chip.sizeHint().width(), self.width())
            if x and x + width > self.width():
                x, y = 0, y + CHIP_PX + GAP_PX
            chip.setGeometry(self.width() - x - width if mirrored else x, y, width, CHIP_PX)
            x += width + GAP_PX
        self.setFixedHeight(y + CHIP_PX if self._chips else 0)
