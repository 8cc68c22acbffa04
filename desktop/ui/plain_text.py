"""Text from other people is text: the only widgets and calls that show it, none of which guesses at HTML."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPainter, QPaintEvent, QPalette
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QLabel, QMessageBox, QSizePolicy, QWidget

from desktop.ui import fonts, theme


class PlainLabel(QLabel):
    """A label in a font and a token's colour that shows its text as it is, follows the theme and may break lines."""

    def __init__(
        self,
        text: str = "",
        *,
        size_px: int = fonts.TEXT_PX,
        weight: int = 400,
        ink: str = "ink",
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._ink = ink
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setFont(fonts.text(size_px, weight))
        self.setWordWrap(wrap)
        self.setText(text)
        self._colour()
        theme.source().changed.connect(self._colour)

    def set_ink(self, ink: str) -> None:
        """Use another of the theme's colours, by its name."""
        self._ink = ink
        self._colour()

    def _colour(self) -> None:
        """Take the token's colour of the theme shown now."""
        dressed = QPalette(self.palette())
        colour: QColor = getattr(theme.current(), self._ink)
        dressed.setColor(QPalette.ColorRole.WindowText, colour)
        self.setPalette(dressed)


class ElidedLabel(QWidget):
    """One line of plain text that is cut with "…" where there is no room; the whole text is its tooltip then."""

    def __init__(self, text: str = "", *, size_px: int = fonts.TEXT_PX, weight: int = 400, ink: str = "ink") -> None:
        super().__init__()
        self._text = text
        self._ink = ink
        self._font: QFont = fonts.text(size_px, weight)
        self.setFont(self._font)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        theme.source().changed.connect(self.update)

    def text(self) -> str:
        """The whole text."""
        return self._text

    def setText(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()

    def set_ink(self, ink: str) -> None:
        """Use another of the theme's colours, by its name."""
        self._ink = ink
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the text, as high as its line."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 1, metrics.height())

    def minimumSizeHint(self) -> QSize:
        """Room for the dots at least."""
        return QSize(self.fontMetrics().horizontalAdvance("…") + 1, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        shown = self.fontMetrics().elidedText(one_line(self._text), Qt.TextElideMode.ElideRight, self.width())
        set_tool_tip(self, self._text if shown != self._text else "")
        painter = QPainter(self)
        painter.setPen(getattr(theme.current(), self._ink))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading, shown)
        painter.end()


class PlainMessageBox(QMessageBox):
    """A question or a notice in a window of its own; opened with `open()`, never run in a loop."""

    def __init__(self, parent: QWidget | None, title: str, text: str, more: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        self.setInformativeText(more)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._more_is_plain()

    def event(self, event: QEvent) -> bool:
        """Keep the second text plain whenever Qt polishes the box anew."""
        if event.type() == QEvent.Type.Polish:
            self._more_is_plain()
        return super().event(event)

    def _more_is_plain(self) -> None:
        """`setTextFormat` speaks of the first text only; the second is a label of its own."""
        for label in self.findChildren(QLabel):
            label.setTextFormat(Qt.TextFormat.PlainText)


def one_line(text: str) -> str:
    """A text with its line breaks and tabs as blanks."""
    return " ".join(text.split()) if any(sign in text for sign in "\n\r\t\u2028\u2029") else text


def set_tool_tip(widget: QWidget, text: str) -> None:
    """Give a widget a tooltip that is shown as it is written; an empty text takes it away."""
    escaped = tool_tip(text)
    if widget.toolTip() != escaped:
        widget.setToolTip(escaped)


def tool_tip(text: str) -> str:
    """A text as Qt's tooltips must get it to show it unchanged."""
    return GuiQt.convertFromPlainText(text) if text and GuiQt.mightBeRichText(text) else text


def caption(text: str) -> str:
    """A text for buttons, menus and tabs, where "&" would underline a letter."""
    return text.replace("&", "&&")


def copy(text: str) -> None:
    """Put a text on the clipboard, as text only."""
    QGuiApplication.clipboard().setText(text)
