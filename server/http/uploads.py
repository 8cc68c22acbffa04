"""Files coming in as multipart: straight to disk, counted and hashed on the way, never held in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, cast

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from protocol.errors import ErrorCode, Refused
from server.services.ports import Actor
from server.services.uploads import Uploads
from server.storage.blobs import Incoming, too_large

_FORM_PARTS = 40
_FRAMING = 64 * 1024
"""Room for boundaries and other fields around the file when the announced length is judged."""


class Received:
    """A form: its text fields, and the file in its field `file`, if there was one."""

    def __init__(self, fields: dict[str, str], incoming: Incoming | None, name: str | None) -> None:
        """Hold them; whoever takes the file stores it or drops it."""
        self.fields = fields
        self.incoming = incoming
        self.name = name


def receive(uploads: Uploads, actor: Actor, limit: int) -> Received:
    """Read the request's form. Raises Refused; nothing is left on the disk then."""
    if request.mimetype not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        message = "Send the file as multipart/form-data, in a field named 'file'."
        raise Refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, message)
    if (request.content_length or 0) > limit + _FRAMING:
        raise too_large(limit)
    # The application's own limit is that of JSON bodies.
    request.max_content_length = limit + _FRAMING
    arriving: list[Incoming] = []
    try:
        form, files = _parse(_writer(uploads, actor, arriving), limit)
        return _chosen(form, files, arriving)
    except BaseException:
        for incoming in arriving:
            incoming.drop()
        raise


def _writer(uploads: Uploads, actor: Actor, arriving: list[Incoming]) -> Callable[..., IO[bytes]]:
    """What the parser writes files to; each is remembered, so that it can be dropped."""

    def open_one(*_about: Any, **_named: Any) -> IO[bytes]:  # noqa: ANN401 - length, type, name and length as Werkzeug passes them; none is trusted
        if arriving:
            raise Refused(ErrorCode.INVALID_REQUEST, "Send one file in a request.", details={"field": "file"})
        arriving.append(uploads.receive(actor))
        # Werkzeug writes to it and rewinds it, no more.
        return cast("IO[bytes]", arriving[-1])

    return open_one


def _parse(open_one: Callable[..., IO[bytes]], limit: int) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    """The form's fields and files. Raises Refused for a broken, cut or oversized body."""
    parser = FormDataParser(
        stream_factory=open_one,
        max_form_memory_size=request.max_form_memory_size,
        max_content_length=limit + _FRAMING,
        max_form_parts=_FORM_PARTS,
        silent=False,
    )
    try:
        _, form, files = parser.parse(request.stream, request.mimetype, request.content_length, request.mimetype_params)
    except RequestEntityTooLarge:
        raise too_large(limit) from None
    except (ValueError, ClientDisconnected, OSError) as error:
        message = "The upload broke off or is no valid form. Send it again."
        raise Refused(ErrorCode.INVALID_REQUEST, message, details={"field": "file"}) from error
    return form, files


def _chosen(form: MultiDict[str, str], files: MultiDict[str, FileStorage], arriving: list[Incoming]) -> Received:
    """The fields, with the one file that is called `file`."""
    if arriving and "file" not in files:
        raise Refused(ErrorCode.INVALID_REQUEST, "Name the file's field 'file'.", details={"field": "file"})
    fields = dict(form.items())
    if not arriving:
        return Received(fields, None, None)
    [file], name = arriving, files["file"].filename
    if file.size == 0 and not name:
        # So does a browser send a file input that nobody filled in; empty fields are absent (contract, ground rules).
        file.drop()
        return Received(fields, None, None)
    return Received(fields, file, name)
