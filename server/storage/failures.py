"""What callers are told when the database itself fails, and what the log has of it."""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import DBAPIError

from protocol.errors import ErrorCode, Refused
from server.storage.engines import Backend

RETRY_AFTER_S = 1.0
_LOG_AGAIN_S = 10.0

_log = logging.getLogger(__name__)


class Failures:
    """Turns failures into refusals; owns what was logged last, for while a database is away everything fails alike."""

    def __init__(self, backend: Backend) -> None:
        """Judge by this backend what an error means."""
        self._backend = backend
        self._logged = ""
        self._logged_at = 0.0

    def told(self, error: Exception) -> Exception:
        """What the caller of a job is told: its own exception, but a refusal where the database could not go on."""
        if isinstance(error, DBAPIError) and (self._backend.is_outage(error) or self._backend.is_full(error)):
            return self.refusal(error)
        return error

    def refusal(self, error: Exception, what: str = "a transaction") -> Refused:
        """The refusal of what failed; the reason is logged, without any values, once in ten seconds."""
        reason = str(error.orig if isinstance(error, DBAPIError) else error)
        if reason != self._logged or time.monotonic() - self._logged_at > _LOG_AGAIN_S:
            self._logged, self._logged_at = reason, time.monotonic()
            _log.error("the database refused %s: %s", what, reason)
        if isinstance(error, DBAPIError) and self._backend.is_full(error):
            return Refused(ErrorCode.STORAGE_FULL, "The server's disk is full. Tell its operator, and try again later.")
        message = "The server's database cannot be used just now. Try again shortly."
        return Refused(ErrorCode.UNAVAILABLE, message, retry_after_s=RETRY_AFTER_S)


def busy() -> Refused:
    """The refusal of what would have to wait behind too many others."""
    message = "The server is too busy to store this. Try again."
    return Refused(ErrorCode.UNAVAILABLE, message, retry_after_s=RETRY_AFTER_S)
