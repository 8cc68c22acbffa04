"""Files handed out: ranges, safe headers, and nothing in place that a browser might run (reliability 2.12, T20)."""

from __future__ import annotations

from flask import Response, request, send_file
from werkzeug.http import quote_etag

from protocol.errors import ErrorCode, Refused
from server.services.uploads import StoredFile

_YEAR_S = 365 * 24 * 3600


def hand_out(file: StoredFile) -> Response:
    """A response with the file, or the part of it that `Range` asks for (RFC 9110, 14). Raises Refused (416)."""
    response = send_file(
        file.path,
        mimetype=file.file_type if file.inline else "application/octet-stream",
        as_attachment=not file.inline,
        download_name=file.file_name,
        conditional=False,
        etag=False,
        max_age=_YEAR_S,
    )
    response.headers["ETag"] = quote_etag(file.etag)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    # What lies at an address never changes, but only its members may keep a copy.
    response.headers["Cache-Control"] = f"private, max-age={_YEAR_S}, immutable"
    _make_conditional(response, file.size)
    return response


def _make_conditional(response: Response, size: int) -> None:
    """Answer 304 and 206 where the request allows. Raises Refused where no byte of the file lies in the range.

    A range that cannot be read, or several at once, is answered with the whole file (RFC 9110, 14.2).
    """
    environ = dict(request.environ)
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        environ.pop("HTTP_RANGE", None)
    elif asked.range_for_length(size) is None:
        message = f"The file has {size} bytes. Ask for a range inside it."
        raise Refused(ErrorCode.RANGE_NOT_SATISFIABLE, message, details={"size": size})
    response.make_conditional(environ, accept_ranges=True, complete_length=size)
