"""The first page: which server, then who one is there, by log-in or a new account."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.core.sign_in import Offer, SignIn
from desktop.ui import icons, theme, window_memory
from desktop.ui.form import Outcome
from desktop.ui.login_forms import AccountForm, ServerForm
from desktop.ui.plain_text import PlainLabel

CARD_PX = 400
LOGO_PX = 64
FIRST_SIZE = QSize(880, 720)


class LoginPage(QWidget):
    """Owns the way from an address to a session: the server's form, then the account's. The app watches `SignIn`.

    address ──look_up──► offer ──log_in | register──► (the app shows the main window)
       ▲                   │
       └── another server ─┘
    """

    def __init__(self, sign_in: SignIn, *, address: str = "", username: str = "", stay: bool = True) -> None:
        super().__init__()
        self.server_form = ServerForm(sign_in, address)
        self.account_form = AccountForm(sign_in, username, stay=stay)
        self.title = PlainLabel(size_px=22, weight=600, wrap=True)
        self.words = PlainLabel(ink="ink2", wrap=True)
        self.notice = Outcome()
        self._knows_server = bool(address)
        self._build()
        self.server_form.found.connect(self.show_offer)
        self.account_form.server_wanted.connect(self.ask_for_server)
        self.account_form.purpose_changed.connect(self._say_purpose)
        for form in (self.server_form, self.account_form):
            form.outcome.said.connect(self._bring_into_view)
        theme.source().changed.connect(self.update)
        self.ask_for_server()

    def look_up(self, address: str) -> None:
        """Go to this address or invite link as if it had been written: for a link the app was started with."""
        self.ask_for_server()
        self.server_form.look_up(address)

    def ask_for_server(self) -> None:
        """Begin at the beginning."""
        self.title.setText("Welcome to Hearth")
        self.words.setText("Which server do you use? Write its address, or paste the invite link you were given.")
        self._show(self.server_form)
        self.server_form.address.edit.setFocus()

    def show_offer(self, offer: Offer) -> None:
        """A server has answered: show what it offers."""
        self.account_form.show_offer(offer)
        self._show(self.account_form)
        self.account_form.focus_first()

    def say(self, words: str) -> None:
        """Tell why one is here again: signed out elsewhere, or the session is no longer valid."""
        self.notice.say(words, "warn")

    def detach(self) -> None:
        """Ask about no server any more; the page may go now."""
        self.server_form.detach()

    def sizeHint(self) -> QSize:
        """As large as the window begins."""
        return FIRST_SIZE

    def showEvent(self, event: QShowEvent) -> None:
        """A server that is known already is looked at without being asked for."""
        super().showEvent(event)
        if self._knows_server:
            self._knows_server = False
            self.server_form.submit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter does what the form's main button does, Esc goes a step back."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._enter()
        elif event.key() == Qt.Key.Key_Escape and not self.account_form.isHidden():
            self.ask_for_server()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().panel)
        painter.end()

    def _build(self) -> None:
        """Logo, title, words and form in the middle; what is too high can be scrolled."""
        self.setWindowTitle("Hearth")
        self.setWindowIcon(icons.window_icon())
        self.setMinimumSize(380, 480)
        # Qt's own first size ends at two thirds of the screen, and the longest form would end below it.
        self.setGeometry(window_memory.centred(FIRST_SIZE, self.screen().availableGeometry()))
        logo = PlainLabel()
        logo.setPixmap(icons.pixmap(icons.APP_ICON, theme.current().accent, LOGO_PX))
        card = QWidget()
        card.setMaximumWidth(CARD_PX)
        column = QVBoxLayout(card)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addWidget(logo)
        column.addSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.words)
        column.addWidget(self.notice)
        column.addSpacing(12)
        column.addWidget(self.server_form)
        column.addWidget(self.account_form)
        column.addStretch()
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.addStretch(1)
        row.addWidget(card, 100)
        row.addStretch(1)
        area = self._area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(middle)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 24, 0, 0)
        whole.addWidget(area)

    def _show(self, shown: QWidget) -> None:
        """Show one of the forms; the page is as high as that one."""
        for form in (self.server_form, self.account_form):
            form.setVisible(form is shown)

    def _enter(self) -> None:
        """Click the button the keyboard stands on, else submit the form."""
        focused = self.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
        elif not self.server_form.isHidden():
            self.server_form.submit()
        else:
            self.account_form.submit()

    def _bring_into_view(self) -> None:
        """Something was said about a form that may be higher than the window: nobody looks for words below it."""
        form = self.server_form if self.account_form.isHidden() else self.account_form
        QTimer.singleShot(0, form.outcome, lambda: self._area.ensureWidgetVisible(form.outcome))

    def _say_purpose(self, title: str, words: str) -> None:
        """The account's form says what it is for."""
        self.title.setText(title)
        self.words.setText(words)
