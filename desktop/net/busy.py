"""What failed connections tell: whether anything can have arrived, and when a busy server wants to be asked again."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import requests
from urllib3.exceptions import NewConnectionError

from desktop.net.certificates import causes
from protocol.errors import ErrorCode, Refused

_BUSY = {429: ErrorCode.RATE_LIMITED, 503: ErrorCode.UNAVAILABLE}
_NO_TIME_NAMED_S = 5.0
"""How long to wait for a busy server that does not say."""
_LONGEST_S = 600.0
"""A wait beyond this is a mistake of somebody's proxy; after it the server is asked again."""


def never_connected(error: Exception) -> bool:
    """Whether no connection came about (nobody listens, no such name, no TLS), so that nothing was asked of anybody."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    return any(isinstance(one, NewConnectionError | ssl.SSLCertVerificationError) for one in causes(error))


def refused_handshake(error: BaseException) -> Refused | None:
    """A server or proxy that is too busy to open a line (429, 503), with the time it names; None for all else."""
    for one in causes(error):
        if isinstance(one, aiohttp.WSServerHandshakeError) and one.status in _BUSY:
            named = None if one.headers is None else one.headers.get("Retry-After")
            wait_s = _NO_TIME_NAMED_S if named is None else wait_named(named, datetime.now(UTC))
            message = "The server is busy just now. Hearth tries again by itself."
            return Refused(_BUSY[one.status], message, retry_after_s=wait_s)
    return None


def wait_named(header: str, now: datetime) -> float:
    """Seconds in a Retry-After header, a number or a date (RFC 9110, 10.2.3); a default where it is neither."""
    try:
        wait_s = float(header) if header.strip().isdigit() else (parsedate_to_datetime(header) - now).total_seconds()
    except (TypeError, ValueError):
        return _NO_TIME_NAMED_S
    return min(max(wait_s, 0.0), _LONGEST_S)
