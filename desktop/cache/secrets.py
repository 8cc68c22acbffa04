"""Where a session's refresh token is kept: the system's keyring, or by the person's wish a file only they can read."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import keyring
import keyring.errors
from keyring.backend import KeyringBackend

T = TypeVar("T")

log = logging.getLogger(__name__)

_SERVICE = "Hearth"
_WITHIN_S = 30.0
"""A keyring may ask the person to unlock it; longer than this nobody is there (reliability Q13)."""
_ENCRYPTED = (
    "keyring.backends.macOS",
    "keyring.backends.Windows",
    "keyring.backends.SecretService",
    "keyring.backends.kwallet",
)
"""Backends that leave secrets to the system. Others (keyrings.alt, null, fail) write plain text or nothing."""


class Secrets:
    """Refresh tokens of one profile by account (`user@server`). Every call blocks: for worker threads only."""

    def __init__(self, folder: Path, find_keyring: Callable[[], KeyringBackend | None] | None = None) -> None:
        """`folder` is the profile's own; `find_keyring` answers the system's keyring or None."""
        self._folder = folder
        self._keyring = (find_keyring or system_keyring)()

    @property
    def words(self) -> str:
        """Where "stay signed in" keeps the session, in a sentence for the log-in page."""
        if self._keyring is not None:
            return "The session is kept in this computer's keyring."
        return (
            "This computer has no keyring, so the session is kept in a file that only your user account can read. "
            "Leave this off on a computer you share."
        )

    def keep(self, account: str, token: str) -> None:
        """Keep or replace an account's token, in the file where it is in one already. Raises OSError."""
        if self._keyring is not None and not self._path(account).exists():
            ring = self._keyring
            self._asked(lambda: ring.set_password(_SERVICE, self._name(account), token))
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(account)
        beside = path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(token)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def find(self, account: str) -> str | None:
        """An account's token, or None. Raises OSError where the keyring does not answer."""
        with contextlib.suppress(FileNotFoundError):
            return self._path(account).read_text(encoding="ascii").strip() or None
        if self._keyring is None:
            return None
        ring = self._keyring
        return self._asked(lambda: ring.get_password(_SERVICE, self._name(account)))

    def forget(self, account: str) -> None:
        """Remove an account's token; harmless when there is none."""
        if self._keyring is not None:
            ring = self._keyring
            with contextlib.suppress(keyring.errors.PasswordDeleteError, OSError):
                self._asked(lambda: ring.delete_password(_SERVICE, self._name(account)))
        for path in (self._path(account), self._path(account).with_suffix(".new")):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    def _name(self, account: str) -> str:
        """The account's name in the keyring: two profiles of one person do not share a session."""
        return f"{account} ({_short(str(self._folder.resolve()))})"

    def _path(self, account: str) -> Path:
        """The account's file."""
        return self._folder / f"session-{_short(account)}.token"

    def _asked(self, job: Callable[[], T]) -> T:
        """What the keyring answers within 30 s. Raises OSError where it does not, or refuses."""
        answers: list[T] = []
        errors: list[Exception] = []

        def ask() -> None:
            try:
                answers.append(job())
            except Exception as error:  # noqa: BLE001 - backends raise their systems' own errors
                errors.append(error)

        thread = threading.Thread(target=ask, name="keyring", daemon=True)
        thread.start()
        thread.join(_WITHIN_S)
        if answers:
            return answers[0]
        if errors and isinstance(errors[0], keyring.errors.PasswordDeleteError):
            raise errors[0]
        raise OSError(f"the keyring did not answer: {errors[0] if errors else 'it may be locked'}")


def system_keyring() -> KeyringBackend | None:
    """The system's encrypted keyring; None where there is none, or only one that writes plain text."""
    found = keyring.get_keyring()
    for backend in getattr(found, "backends", [found]):
        if type(backend).__module__.startswith(_ENCRYPTED):
            return backend  # type: ignore[no-any-return]  # a chainer's list has no types
    log.info("no encrypted keyring here: %s", type(found).__module__)
    return None


def _short(text: str) -> str:
    """A file name for any text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
