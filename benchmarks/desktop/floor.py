"""The floor: a bare PySide6 window that paints 200 rows from memory and imports nothing else.

`python -m benchmarks.desktop.floor` shows it until it is ended.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, QStringListModel, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QListView, QStyledItemDelegate, QStyleOptionViewItem

ROWS = 200
ROW_PX, AVATAR_PX = 64, 44


class RowPainter(QStyledItemDelegate):
    """A round avatar and two lines, as any list of conversations has them."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One row."""
        box: QRect = option.rect
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#3d8b6e"))
        painter.drawEllipse(QRect(box.left() + 10, box.top() + 10, AVATAR_PX, AVATAR_PX))
        painter.setPen(QColor("#222222"))
        text = str(index.data())
        painter.drawText(box.left() + 66, box.top() + 26, text)
        painter.drawText(box.left() + 66, box.top() + 48, f"The last message of {text}")

    def sizeHint(  # noqa: N802 - Qt's name
        self,
        option: QStyleOptionViewItem,  # noqa: ARG002 - Qt's signature
        index: QModelIndex | QPersistentModelIndex,  # noqa: ARG002 - Qt's signature
    ) -> QSize:
        """All alike."""
        return QSize(300, ROW_PX)


def main() -> int:
    """Show it."""
    app = QApplication(sys.argv[:1])
    view = QListView()
    view.setUniformItemSizes(True)
    view.setModel(QStringListModel([f"Conversation {number}" for number in range(ROWS)]))
    view.setItemDelegate(RowPainter())
    view.resize(1160, 760)
    view.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
