"""Every error of the wire: its code, HTTP status and whether asking again can help."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct, UnsetType


class ErrorCode(StrEnum):
    """What went wrong, for programs; the message beside it says to people what to do next."""

    BAD_JSON = "bad_json"
    INVALID_REQUEST = "invalid_request"
    UNKNOWN_EVENT = "unknown_event"
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of an error, not a token
    SESSION_REVOKED = "session_revoked"
    BAD_CREDENTIALS = "bad_credentials"
    NOT_YOURSELF = "not_yourself"
    FORBIDDEN = "forbidden"
    REGISTRATION_CLOSED = "registration_closed"
    INVITE_INVALID = "invite_invalid"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    USERNAME_TAKEN = "username_taken"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    OFFSET_MISMATCH = "offset_mismatch"
    TUS_VERSION = "tus_version"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    FILE_TOO_LARGE = "file_too_large"
    IMAGE_TOO_LARGE = "image_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    EMPTY_CONTENT = "empty_content"
    CONTENT_TOO_LONG = "content_too_long"
    TOO_MANY_ATTACHMENTS = "too_many_attachments"
    FILE_NOT_UPLOADED = "file_not_uploaded"
    TYPE_MISMATCH = "type_mismatch"
    WRONG_RECEIVER = "wrong_receiver"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 - the name of an error, not a password
    INVALID_NAME = "invalid_name"
    UPLOAD_BUSY = "upload_busy"
    CLIENT_TOO_OLD = "client_too_old"
    SERVER_TOO_OLD = "server_too_old"
    RATE_LIMITED = "rate_limited"
    CHECKSUM_MISMATCH = "checksum_mismatch"
    TOO_MANY_UPLOADS = "too_many_uploads"
    TOO_MANY_SOCKETS = "too_many_sockets"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    STORAGE_FULL = "storage_full"


STATUS: dict[ErrorCode, int] = {
    ErrorCode.BAD_JSON: 400,
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.UNKNOWN_EVENT: 400,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.SESSION_REVOKED: 401,
    ErrorCode.BAD_CREDENTIALS: 401,
    ErrorCode.NOT_YOURSELF: 403,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.REGISTRATION_CLOSED: 403,
    ErrorCode.INVITE_INVALID: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.USERNAME_TAKEN: 409,
    ErrorCode.IDEMPOTENCY_CONFLICT: 409,
    ErrorCode.OFFSET_MISMATCH: 409,
    ErrorCode.TUS_VERSION: 412,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.FILE_TOO_LARGE: 413,
    ErrorCode.IMAGE_TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.RANGE_NOT_SATISFIABLE: 416,
    ErrorCode.EMPTY_CONTENT: 422,
    ErrorCode.CONTENT_TOO_LONG: 422,
    ErrorCode.TOO_MANY_ATTACHMENTS: 422,
    ErrorCode.FILE_NOT_UPLOADED: 422,
    ErrorCode.TYPE_MISMATCH: 422,
    ErrorCode.WRONG_RECEIVER: 422,
    ErrorCode.WEAK_PASSWORD: 422,
    ErrorCode.INVALID_NAME: 422,
    ErrorCode.UPLOAD_BUSY: 423,
    ErrorCode.CLIENT_TOO_OLD: 426,
    ErrorCode.SERVER_TOO_OLD: 426,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.TOO_MANY_UPLOADS: 429,
    ErrorCode.TOO_MANY_SOCKETS: 429,
    ErrorCode.CHECKSUM_MISMATCH: 460,
    ErrorCode.SERVER_ERROR: 500,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.STORAGE_FULL: 507,
}
"""The HTTP status of each code."""

RETRYABLE = frozenset(
    {
        ErrorCode.UNAUTHENTICATED,
        ErrorCode.TOKEN_EXPIRED,
        ErrorCode.RATE_LIMITED,
        ErrorCode.TOO_MANY_UPLOADS,
        ErrorCode.TOO_MANY_SOCKETS,
        ErrorCode.SERVER_ERROR,
        ErrorCode.UNAVAILABLE,
        ErrorCode.STORAGE_FULL,
    }
)
"""Codes after which the same request may succeed later; only the others make a message "failed"."""


class ErrorBody(Struct, kw_only=True):
    """The inside of `{"error": …}`; `retry_after_s` in seconds, `details` names the field where one is to blame."""

    code: str
    message: str
    retryable: bool
    retry_after_s: float | UnsetType = UNSET
    details: dict[str, Any] | UnsetType = UNSET


class Refused(Exception):  # noqa: N818 - a refusal is an answer, the domain's word for it
    """A request that was understood and refused: raised by the server's services and by the desktop's net."""

    def __init__(
        self,
        code: ErrorCode | str,
        message: str,
        *,
        retry_after_s: float | None = None,
        details: dict[str, Any] | None = None,
        retryable: bool | None = None,
    ) -> None:
        """Hold the code, the sentence for people and, where it helps, the wait in seconds and the field to blame."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
        self.details = details
        self.retryable = code in RETRYABLE if retryable is None else retryable

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code; 400 for a code of a newer server."""
        return STATUS.get(ErrorCode(self.code), 400) if self.code in set(ErrorCode) else 400

    def body(self) -> ErrorBody:
        """The error as it goes over the wire."""
        return ErrorBody(
            code=str(self.code),
            message=self.message,
            retryable=self.retryable,
            retry_after_s=UNSET if self.retry_after_s is None else self.retry_after_s,
            details=UNSET if self.details is None else self.details,
        )


def refused_from(body: ErrorBody) -> Refused:
    """The exception for an error read off the wire."""
    return Refused(
        body.code,
        body.message,
        retryable=body.retryable,
        retry_after_s=None if body.retry_after_s is UNSET else body.retry_after_s,
        details=None if body.details is UNSET else body.details,
    )
