"""Where refresh tokens go: an encrypted keyring, else a file for one's own eyes, and never a plain-text keyring."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import SecretService, null
from keyring.errors import PasswordDeleteError, PasswordSetError

from desktop.cache.secrets import Secrets, system_keyring

ACCOUNT = "ada@chat.example.org"


class MemoryRing(KeyringBackend):
    """A keyring that keeps everything in memory; stands for the system's."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """What was kept."""
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep."""
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget; as real backends do, complain where there is nothing."""
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


class LockedRing(MemoryRing):
    """A keyring that nobody unlocks."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Refuse."""
        raise PasswordSetError("locked")

    def get_password(self, service: str, username: str) -> str | None:
        """Refuse."""
        raise PasswordSetError("locked")


def test_a_keyring_keeps_the_token_and_no_file_does(tmp_path: Path) -> None:
    ring = MemoryRing()
    secrets = Secrets(tmp_path, lambda: ring)
    assert secrets.find(ACCOUNT) is None
    secrets.keep(ACCOUNT, "one")
    secrets.keep(ACCOUNT, "two")
    assert secrets.find(ACCOUNT) == "two"
    assert list(tmp_path.iterdir()) == []
    assert "keyring" in secrets.words
    secrets.forget(ACCOUNT)
    secrets.forget(ACCOUNT)
    assert (secrets.find(ACCOUNT), ring.kept) == (None, {})


def test_profiles_do_not_share_a_session(tmp_path: Path) -> None:
    ring = MemoryRing()
    Secrets(tmp_path / "one", lambda: ring).keep(ACCOUNT, "one")
    assert Secrets(tmp_path / "two", lambda: ring).find(ACCOUNT) is None


def test_without_a_keyring_a_file_is_only_its_owners(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "profile", lambda: None)
    secrets.keep(ACCOUNT, "one")
    secrets.keep(ACCOUNT, "two")
    (path,) = (tmp_path / "profile").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Secrets(tmp_path / "profile", lambda: None).find(ACCOUNT) == "two"
    assert ACCOUNT not in path.name
    assert "file" in secrets.words
    secrets.forget(ACCOUNT)
    assert list((tmp_path / "profile").iterdir()) == []


def test_a_session_kept_in_a_file_stays_there(tmp_path: Path) -> None:
    """Somebody who has got a keyring since is not signed out, and no second copy is left behind."""
    Secrets(tmp_path, lambda: None).keep(ACCOUNT, "one")
    ring = MemoryRing()
    secrets = Secrets(tmp_path, lambda: ring)
    assert secrets.find(ACCOUNT) == "one"
    secrets.keep(ACCOUNT, "two")
    assert (secrets.find(ACCOUNT), ring.kept) == ("two", {})


def test_a_locked_keyring_is_an_error_and_nothing_is_written_in_plain(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path, LockedRing)
    with pytest.raises(OSError, match="locked"):
        secrets.keep(ACCOUNT, "one")
    with pytest.raises(OSError, match="locked"):
        secrets.find(ACCOUNT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("backend", "is_taken"), [(null.Keyring, False), (MemoryRing, False), (SecretService.Keyring, True)]
)
def test_only_encrypted_keyrings_are_used(
    monkeypatch: pytest.MonkeyPatch, backend: type[KeyringBackend], is_taken: bool
) -> None:
    monkeypatch.setattr(keyring, "get_keyring", backend)
    assert (system_keyring() is not None) is is_taken


def test_files_of_a_half_finished_keep_do_no_harm(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path, lambda: None)
    secrets.keep(ACCOUNT, "one")
    (path,) = tmp_path.iterdir()
    os.close(os.open(path.with_suffix(".new"), os.O_CREAT | os.O_WRONLY, 0o644))
    secrets.keep(ACCOUNT, "two")
    assert secrets.find(ACCOUNT) == "two"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
