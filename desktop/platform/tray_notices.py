"""Notifications where no server for them is known: the system's own message beside the tray's icon.

Windows and macOS show these as notifications of their own. There is one at a time and it cannot be taken back, so a
click opens the conversation that was shown last, and what was read meanwhile is not opened.
"""

from __future__ import annotations

from PySide6.QtWidgets import QSystemTrayIcon

from desktop.platform.notice_answers import NoticeAnswers

SHOWN_MS = 8_000


class TrayNotices:
    """`core.ports.Notices` by the tray's icon. Owns which conversation the message on screen is about."""

    def __init__(self, icon: QSystemTrayIcon, answers: NoticeAnswers) -> None:
        self._icon = icon
        self._answers = answers
        self._last: tuple[int, int] | None = None
        icon.messageClicked.connect(self._clicked)

    def show(self, conversation_id: int, title: str, text: str, count: int, message_id: int) -> None:
        """Show one in the place of any earlier one."""
        self._last = (conversation_id, message_id)
        self._icon.showMessage(f"{title} ({count})" if count > 1 else title, text, self._icon.icon(), SHOWN_MS)

    def withdraw(self, conversation_id: int) -> None:
        """Forget the conversation's; the system itself takes it away soon."""
        if self._last is not None and self._last[0] == conversation_id:
            self._last = None

    async def close(self) -> None:
        """Hear of clicks no longer."""
        self._icon.messageClicked.disconnect(self._clicked)

    def _clicked(self) -> None:
        """Open what is shown."""
        if self._last is not None:
            self._answers.opened(*self._last)
