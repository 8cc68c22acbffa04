"""The server's own keys: made at the first start, kept in the data directory, readable by its owner only."""

from __future__ import annotations

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from server.config.settings import ConfigError

_FILE = "secret.key"
_BYTES = 32


class SecretKeys:
    """Keys derived from the one secret of a data directory, each for one purpose. Never printed."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key(self, purpose: str) -> bytes:
        """32 bytes that serve this purpose only (HMAC-SHA256 of its name, as HKDF expands)."""
        return hmac.digest(self._secret, purpose.encode(), sha256)

    def __repr__(self) -> str:
        """Nothing of the secret."""
        return "SecretKeys(…)"


def load_keys(data_dir: Path) -> SecretKeys:
    """The keys of this data directory, made where there are none yet (file mode 0600). Raises ConfigError.

    Two processes that start at once make one key: the file is linked into place, which only one can do.
    """
    path = data_dir / _FILE
    if not path.exists():
        _create(path)
    return SecretKeys(_read(path))


def check_keys(data_dir: Path) -> None:
    """Look at the keys of this data directory, where there are some. Raises ConfigError as `load_keys` would."""
    path = data_dir / _FILE
    if path.exists():
        _read(path)


def _read(path: Path) -> bytes:
    """The secret in its file. Raises ConfigError."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} can be read by others. Run: chmod 600 {path}")
    secret = path.read_bytes()
    if len(secret) != _BYTES:
        raise ConfigError(f"{path} is damaged. Restore it from a backup; without it everybody must log in again.")
    return secret


def _create(path: Path) -> None:
    """Write a new secret, durable before it has its name."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
