"""Uploads in pieces over HTTP: tus 1.0.0 with creation, expiration, checksum and termination (`protocol.tus`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.http import http_date

from protocol import tus
from protocol.errors import ErrorCode, Refused
from protocol.times import from_wire
from server.http.binding import EXTENSION, Answer, Call, Endpoint
from server.services.refusals import invalid
from server.services.resumable import Resumable
from server.storage.blobs import Incoming

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_READ_BYTES = 64 * 1024
_SLICE_BYTES = 4 * 1024 * 1024
"""A body without a checksum counts in parts of this size: what came before the line was cut need not come again."""


def install(app: Flask) -> None:
    """Have every answer on these paths, refusals and preflights too, say what tus is spoken here."""

    @app.after_request
    def say(response: Response) -> Response:
        if request.path == tus.PATH or request.path.startswith(f"{tus.PATH}/"):
            response.headers[tus.VERSION_HEADER] = tus.VERSION
            if request.method == "OPTIONS" or response.status_code == 412:  # noqa: PLR2004 - HTTP's own number
                response.headers["Tus-Version"] = tus.VERSION
                response.headers["Tus-Extension"] = tus.EXTENSIONS
                response.headers["Tus-Checksum-Algorithm"] = ",".join(tus.ALGORITHMS)
                response.headers["Tus-Max-Size"] = str(current_app.extensions[EXTENSION].config.limits.file_bytes)
        return response

    app.wsgi_app = _overridden(app.wsgi_app)  # type: ignore[assignment, method-assign]


def _overridden(application: WSGIApplication) -> WSGIApplication:
    """Take the method from `X-HTTP-Method-Override`, as tus has it for clients that know no PATCH; on its paths."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if method in ("HEAD", "PATCH", "DELETE") and environ.get("PATH_INFO", "").startswith(tus.PATH):
            environ["REQUEST_METHOD"] = method
        return application(environ, start_response)

    return serve


def begin(call: Call) -> Answer:
    """Open an upload of `Upload-Length` bytes."""
    _speak_tus()
    told = request.headers.get(tus.METADATA_HEADER, "")
    try:
        facts = tus.parse_metadata(told)
    except ValueError:
        message = "Upload-Metadata is not readable. Send 'key base64' pairs, separated by commas, or leave it out."
        raise invalid(tus.METADATA_HEADER, message) from None
    resumable = call.house.uploads.resumable
    key, state = resumable.begin(call.actor, _number(tus.LENGTH_HEADER), told, facts)
    return Answer(status=201, headers={"Location": f"{tus.PATH}/{key}", **_told(state)})


def state(call: Call) -> Answer:
    """How far it has come: for HEAD in the headers, for GET in the body too."""
    _speak_tus()
    resumable, key = call.house.uploads.resumable, call.path["key"]
    reached = resumable.state(call.actor, key)
    told = resumable.told(call.actor, key)
    return Answer(value=reached, headers={**_told(reached), **({tus.METADATA_HEADER: told} if told else {})})


def append(call: Call) -> Answer:
    """Take a piece at `Upload-Offset`."""
    _speak_tus()
    if request.mimetype != tus.PIECE_TYPE:
        raise Refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, f"Send pieces of a file as {tus.PIECE_TYPE}.")
    offset, check = _number(tus.OFFSET_HEADER), _checksum()
    resumable = call.house.uploads.resumable
    left = resumable.left(call.actor, call.path["key"], offset)
    if (request.content_length or 0) > left:
        raise _beyond(left)
    # The application's own limit is that of JSON bodies; one byte more, for that there is too much must be seen.
    request.max_content_length = left + 1
    body = _Body(resumable, call, check)
    return Answer(status=204, headers=_told(body.store(offset, left)))


def abandon(call: Call) -> Answer:
    """Forget it."""
    _speak_tus()
    call.house.uploads.abandon(call.actor, call.path["key"])
    return Answer(status=204)


class _Body:
    """The request's body on its way into an upload: with a checksum whole or not at all, else slice by slice."""

    def __init__(self, resumable: Resumable, call: Call, check: tuple[str, bytes] | None) -> None:
        self._resumable = resumable
        self._actor = call.actor
        self._key: str = call.path["key"]
        self._check = check
        self._cut: Refused | None = None

    def store(self, offset: int, left: int) -> tus.UploadState:
        """Take up to `left` bytes in at `offset`. Raises Refused; what counts then, the upload's state says."""
        algorithm = "sha256" if self._check is None else self._check[0]
        while True:
            most = left if self._check else min(left, _SLICE_BYTES)
            piece = self._resumable.piece(left, algorithm)
            try:
                self._fill(piece, most, left)
                self._verify(piece)
                reached = self._resumable.append(self._actor, self._key, offset, piece)
            finally:
                piece.drop()
            if self._cut is not None:
                raise self._cut
            if piece.size < _SLICE_BYTES or self._check:
                return reached
            offset, left = offset + piece.size, left - piece.size

    def _fill(self, piece: Incoming, most: int, left: int) -> None:
        """Read the next `most` bytes, or until the body ends or breaks off; nothing may follow the last byte."""
        try:
            while piece.size < most and (data := request.stream.read(min(_READ_BYTES, most - piece.size))):
                piece.write(data)
            if piece.size == left and request.stream.read(1):
                raise _beyond(left)
        except RequestEntityTooLarge:
            raise _beyond(left) from None
        except (ClientDisconnected, OSError) as error:
            message = "The line broke off. Ask for the upload's offset, then go on from there."
            self._cut = Refused(ErrorCode.INVALID_REQUEST, message, retryable=True)
            if self._check is not None:
                raise self._cut from error

    def _verify(self, piece: Incoming) -> None:
        """Raise Refused where the piece is not what its checksum says; nothing of it counts then."""
        if self._check is not None and piece.checksum != self._check[1]:
            message = "The piece was damaged on its way. Send it again."
            raise Refused(ErrorCode.CHECKSUM_MISMATCH, message, details={"of": "piece"}, retryable=True)


def _speak_tus() -> None:
    """Raise Refused unless the request is of the version of tus spoken here."""
    if request.headers.get(tus.VERSION_HEADER) != tus.VERSION:
        message = f"This path speaks tus {tus.VERSION}. Send '{tus.VERSION_HEADER}: {tus.VERSION}'."
        raise Refused(ErrorCode.TUS_VERSION, message, details={"field": tus.VERSION_HEADER})


def _number(name: str) -> int:
    """A header that is a whole number, not negative. Raises Refused."""
    text = request.headers.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 18):  # noqa: PLR2004 - what 64 bits hold
        raise invalid(name, f"{name} must be a whole number of bytes. Correct it.")
    return int(text)


def _checksum() -> tuple[str, bytes] | None:
    """Algorithm and digest the piece must have, where the client has sent them. Raises Refused."""
    text = request.headers.get(tus.CHECKSUM_HEADER)
    try:
        return None if text is None else tus.parse_checksum(text)
    except ValueError:
        message = f"{tus.CHECKSUM_HEADER} must be one of {', '.join(tus.ALGORITHMS)}, a blank, and the hash in Base64."
        raise invalid(tus.CHECKSUM_HEADER, message) from None


def _told(reached: tus.UploadState) -> dict[str, str]:
    """The state as headers."""
    told = {
        tus.OFFSET_HEADER: str(reached.received),
        tus.LENGTH_HEADER: str(reached.file_size),
        tus.EXPIRES_HEADER: http_date(from_wire(reached.expires_at) / 1000),
    }
    if reached.attachment is not None:
        told[tus.ATTACHMENT_HEADER] = str(reached.attachment.attachment_id)
    return told


def _beyond(left: int) -> Refused:
    """More bytes than were announced."""
    message = f"Only {left} bytes of the file are missing. Send those, or begin an upload of the right length."
    return Refused(ErrorCode.PAYLOAD_TOO_LARGE, message, details={"limit": left})


ENDPOINTS: Mapping[str, Endpoint] = {
    "begin_upload": begin,
    "upload_progress": state,
    "append_upload": append,
    "abandon_upload": abandon,
}
