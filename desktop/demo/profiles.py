"""Profiles for the demo's windows: somebody already signed in, at a place on the screen, in a theme."""

from __future__ import annotations

from pathlib import Path

from desktop.cache.secrets import Secrets
from desktop.cache.settings_file import SettingsFile, ThemeChoice
from desktop.demo.processes import Child, Person
from desktop.net.addresses import parse_address
from desktop.net.sign_in import HearthSignIn, SignedIn

Place = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""


class Window:
    """One person's window: a process of the app with a profile of its own."""

    def __init__(self, folder: Path, person: Person, url: str) -> None:
        self.person = person
        self._profile = folder / person.username
        self._log = folder / f"{person.username}.log"
        self._url = url
        self._child: Child | None = None

    async def sign_in(self) -> None:
        """Log in once and leave the session in the profile, as "stay signed in" does without a keyring."""
        sessions: list[SignedIn] = []

        async def keep(session: SignedIn) -> None:
            sessions.append(session)

        door = HearthSignIn(keep, "")
        offer = await door.look_up(self._url)
        await door.log_in(offer, self.person.username, self.person.password, stay=True)
        (session,) = sessions
        account = f"{self.person.username}@{parse_address(self._url).netloc}"
        Secrets(self._profile, lambda: None).keep(account, session.tokens.refresh_token)
        settings = SettingsFile(self._profile / "settings.json")
        settings.change(
            server=offer.url,
            server_name=offer.info.name,
            username=self.person.username,
            me=session.tokens.user,
            limits=offer.info.limits,
        )
        settings.close()

    def open(self, place: Place, conversation_id: int, theme: ThemeChoice) -> None:
        """Start the app there with a conversation open."""
        settings = SettingsFile(self._profile / "settings.json")
        settings.change(theme=theme, geometry="", on_close="quit")
        settings.close()
        where = ",".join(map(str, place))
        arguments = ["--profile", str(self._profile), "--place", where, "--conversation", str(conversation_id)]
        self._child = Child(["desktop", *arguments], self._log)

    @property
    def runs(self) -> bool:
        """Whether it is still open."""
        return self._child is not None and self._child.runs

    def last_words(self) -> str:
        """The end of what it wrote to its standard error."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:] if self._log.exists() else ""

    def ask_to_close(self) -> None:
        """Ask it to close."""
        if self._child is not None:
            self._child.ask_to_end()

    def close(self) -> None:
        """Have it closed when this returns."""
        if self._child is not None:
            self._child.end()
