"""The refusals that several services give, worded once; each message says what to do next."""

from __future__ import annotations

from protocol.errors import ErrorCode, Refused


def not_found(what: str) -> Refused:
    """What does not exist, or what the caller may not see: the same answer for both (contract, ground rules)."""
    return Refused(ErrorCode.NOT_FOUND, f"There is no such {what} for you. Reload the list and choose again.")


def not_yourself(field: str = "user_id") -> Refused:
    """A body names another acting user than the token does."""
    message = f"'{field}' is not you. Leave it out, or sign in as that user."
    return Refused(ErrorCode.NOT_YOURSELF, message, details={"field": field})


def forbidden(message: str) -> Refused:
    """Seen, but not allowed; `message` says what is, or who can."""
    return Refused(ErrorCode.FORBIDDEN, message)


def invalid(field: str, message: str) -> Refused:
    """A well-formed value that cannot be; `message` says what would be right."""
    return Refused(ErrorCode.INVALID_REQUEST, message, details={"field": field})


def empty_content() -> Refused:
    """A message of nothing."""
    return Refused(ErrorCode.EMPTY_CONTENT, "The message is empty. Write something or attach a file.")


def content_too_long(limit: int, length: int) -> Refused:
    """A text of `length` characters where `limit` are allowed."""
    message = f"The message has {length:,} characters; {limit:,} are allowed. Shorten it or send it as a file."
    return Refused(ErrorCode.CONTENT_TOO_LONG, message, details={"limit": limit, "length": length})


def too_many_attachments(limit: int) -> Refused:
    """More files than a message carries."""
    message = f"A message carries at most {limit} attachments. Send the others in another message."
    return Refused(ErrorCode.TOO_MANY_ATTACHMENTS, message, details={"limit": limit})


def file_not_uploaded() -> Refused:
    """A file address that is no upload of the caller's and no attachment they can see."""
    return Refused(
        ErrorCode.FILE_NOT_UPLOADED, "A file of this message is not on the server. Upload it and send again."
    )


def type_mismatch(given: str, message: str) -> Refused:
    """A message type that its content is not."""
    return Refused(ErrorCode.TYPE_MISMATCH, message, details={"field": "type", "given": given})


def wrong_receiver() -> Refused:
    """A receiver who is not the other member of the conversation."""
    message = "'receiver_id' is not the other member of this conversation. Leave it out, or open one with them."
    return Refused(ErrorCode.WRONG_RECEIVER, message, details={"field": "receiver_id"})


def idempotency_conflict() -> Refused:
    """A uid that stands for another message; the same words whether the caller could see that one or not."""
    return Refused(ErrorCode.IDEMPOTENCY_CONFLICT, "This uid belongs to another message. Send again with a new uid.")


def not_yourself_if(acting: int, named: int | None, field: str = "user_id") -> None:
    """Refuse a body that names another acting user. Raises Refused (`not_yourself`)."""
    if named is not None and named != acting:
        raise not_yourself(field)
