"""Whatever goes wrong in a request, answered in the contract's one form."""

from __future__ import annotations

import logging
import math
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from protocol.errors import ErrorCode, Refused
from protocol.routes import Route
from server.http.binding import Answer, encoded

_log = logging.getLogger(__name__)

_OF_STATUS: dict[int, tuple[ErrorCode, str]] = {
    404: (ErrorCode.NOT_FOUND, "There is nothing at this address. /api/docs lists every path."),
    405: (ErrorCode.METHOD_NOT_ALLOWED, "This path has no such method. The Allow header names those it has."),
    413: (ErrorCode.PAYLOAD_TOO_LARGE, "The body is too large. Send less at once, or upload it as a file."),
    415: (ErrorCode.UNSUPPORTED_MEDIA_TYPE, "This path does not take such a body. Send application/json."),
    416: (ErrorCode.RANGE_NOT_SATISFIABLE, "The file has no such part. Ask for a range inside it."),
}
_UNREADABLE = "The request cannot be read. /api/docs says what this path takes."


def install(app: Flask) -> None:
    """Answer every exception of a request."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _refused(refusal: Refused) -> Response:
    """A service's refusal."""
    headers = {} if refusal.retry_after_s is None else {"Retry-After": str(math.ceil(refusal.retry_after_s))}
    if refusal.status == 401:  # noqa: PLR2004 - HTTP's own number
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.status == 426:  # noqa: PLR2004 - HTTP's own number
        headers["Upgrade"] = "hearth"
    return _told(refusal, refusal.status, headers)


def _http(error: HTTPException) -> Response:
    """An error of Flask or Werkzeug; its own headers stay (Allow, Content-Range), its page does not."""
    status = error.code or 500
    if status < 400:  # noqa: PLR2004 - redirects are no errors
        return Response(status=status, headers=dict(error.get_headers()))
    code, message = _OF_STATUS.get(status, (ErrorCode.INVALID_REQUEST, _UNREADABLE))
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Content-Range")}
    return _told(Refused(code, message), status, kept)


def _unexpected(error: Exception) -> Response:
    """Our own fault: logged with its traceback, told with the request's id."""
    route: Route | None = g.get("route")
    _log.error("a request failed: %s", route.name if route else request.method, exc_info=error)
    message = f"The server failed at this. Try again; if it stays, tell its operator the number {g.request_id}."
    refusal = Refused(ErrorCode.SERVER_ERROR, message, details={"request_id": g.request_id})
    return _told(refusal, refusal.status, {})


def _told(refusal: Refused, status: int, headers: dict[str, str]) -> Response:
    """The error's one form; on paths of document A in both spellings."""
    route: Route | None = g.get("route")
    body: Any = refusal.body()
    wrapped = {"error": body}
    return encoded(route, Answer(value=wrapped, status=status, headers=headers))
