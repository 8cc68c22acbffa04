"""Files over REST: uploads and avatars in, files and thumbnails out."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response

from protocol.errors import ErrorCode, Refused
from server.http.binding import Answer, Call, Endpoint
from server.http.files import hand_out
from server.http.uploads import Received, receive


def upload(call: Call) -> Answer:
    """Store a file for a message to come."""
    house = call.house
    form = _with_file(call, house.config.limits.file_bytes)
    if form.incoming is None:
        raise _no_file()
    return Answer(value=house.uploads.store(call.actor, form.incoming, form.name), status=201)


def change_avatar(call: Call) -> Answer:
    """Set the own picture."""
    house = call.house
    form = _with_file(call, house.config.limits.image_bytes)
    if form.incoming is None:
        raise _no_file()
    return Answer(value=house.accounts.change_avatar(call.actor, house.uploads.store_avatar(call.actor, form.incoming)))


def _with_file(call: Call, limit: int) -> Received:
    """The form of the request."""
    return receive(call.house.uploads, call.actor, limit)


def _no_file() -> Refused:
    """A form without a file in it."""
    message = "There is no file in the request. Send it as multipart/form-data, in a field named 'file'."
    return Refused(ErrorCode.INVALID_REQUEST, message, details={"field": "file"})


def upload_state(call: Call) -> Answer:
    """One's own upload."""
    return Answer(value=call.house.uploads.state(call.actor, call.path["attachment_id"]))


def file(call: Call) -> Response:
    """A file, or a part of it."""
    return hand_out(call.house.uploads.open(call.actor, call.path["key"]))


def thumbnail(call: Call) -> Response:
    """A small picture of it."""
    return hand_out(call.house.uploads.thumbnail(call.actor, call.path["key"]))


ENDPOINTS: Mapping[str, Endpoint] = {
    "upload": upload,
    "change_avatar": change_avatar,
    "upload_state": upload_state,
    "file": file,
    "thumbnail": thumbnail,
}
