"""Around every request: its id, its protocol version, its log line, and the headers all answers carry."""

from __future__ import annotations

import logging
import secrets
import time

from flask import Flask, Response, g, request

from protocol import tus
from protocol.errors import ErrorCode, Refused
from protocol.limits import HEAD_HEADER, LAST_POSITION_HEADER, PROTOCOL_HEADER, PROTOCOL_MAX, PROTOCOL_MIN
from protocol.routes import Route
from server.config.logs import request_id
from server.http.counters import Counters

_log = logging.getLogger("server.http.request")

REQUEST_ID_HEADER = "X-Request-Id"
_METHODS = "GET, POST, PUT, PATCH, DELETE"
_ASKED = ", ".join(("Authorization", "Content-Type", "Range", PROTOCOL_HEADER, *tus.ASKED_HEADERS))
_EXPOSED = ", ".join(
    (
        "Link",
        HEAD_HEADER,
        LAST_POSITION_HEADER,
        REQUEST_ID_HEADER,
        "Retry-After",
        "ETag",
        "Content-Range",
        *tus.TOLD_HEADERS,
    )
)
_PREFLIGHT_S = "600"
_ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"))


def install(app: Flask, counters: Counters, cors_origins: list[str]) -> None:
    """Put these around every request of the application."""
    app.before_request(_begin)

    @app.after_request
    def end(response: Response) -> Response:
        _dress(response)
        _allow_origin(response, cors_origins)
        _note(response, counters)
        return response


def _begin() -> None:
    """Number the request and look at its protocol version. Raises Refused (`client_too_old`, `server_too_old`)."""
    g.request_id = secrets.token_hex(8)
    g.began = time.perf_counter()
    request_id.set(g.request_id)
    said = request.headers.get(PROTOCOL_HEADER)
    if said is None:
        return
    if not (said.isascii() and said.isdigit()):
        message = f"{PROTOCOL_HEADER} must be a whole number. Send {PROTOCOL_MAX}, or leave it out."
        raise Refused(ErrorCode.INVALID_REQUEST, message, details={"field": PROTOCOL_HEADER})
    if int(said[:9]) < PROTOCOL_MIN:
        raise Refused(ErrorCode.CLIENT_TOO_OLD, "This app is too old for the server. Update the app.")
    if int(said[:9]) > PROTOCOL_MAX:
        raise Refused(ErrorCode.SERVER_TOO_OLD, "This server is too old for the app. Ask its operator to update it.")


def _dress(response: Response) -> None:
    """The headers of every answer; what the endpoint has set stays."""
    headers = response.headers
    headers.add(REQUEST_ID_HEADER, g.get("request_id", ""))
    for name, value in _ALWAYS:
        if name not in headers:
            headers.add(name, value)


def _allow_origin(response: Response, origins: list[str]) -> None:
    """Let pages of the named origins read answers; nobody else's."""
    if not origins:
        return
    origin = request.headers.get("Origin")
    response.vary.add("Origin")
    if origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _ASKED
        response.headers["Access-Control-Max-Age"] = _PREFLIGHT_S


def _note(response: Response, counters: Counters) -> None:
    """One log line and one count; the route's pattern stands for the path, which may hold names."""
    route: Route | None = g.get("route")
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    counters.count(route.name if route else "none", response.status_code, seconds)
    if not _log.isEnabledFor(logging.INFO):
        return
    facts = {
        "method": request.method,
        "route": route.path if route else "none",
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "user_id": g.get("user_id"),
        "address": request.remote_addr,
    }
    _log.info("request", extra=facts)
