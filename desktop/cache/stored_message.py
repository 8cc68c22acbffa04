"""A message as the cache's file holds it: its text apart, so that it can be indexed, and its sender told once."""

from __future__ import annotations

from typing import Any

import msgspec

from protocol.shapes import Message, ReplyTo, User

_DECODER = msgspec.msgpack.Decoder(dict[str, Any])


def packed(message: Message) -> bytes:
    """Everything but text and sender, which have their own columns and rows; what is empty is left out."""
    facts: dict[str, Any] = msgspec.to_builtins(message)
    del facts["content"], facts["sender"]
    told = {name: value for name, value in facts.items() if value is not None and value is not False and value != []}
    return msgspec.msgpack.encode(told)


def requoted(body: bytes, quote: ReplyTo) -> bytes:
    """The body with another quote. Raises msgspec.MsgspecError for what is no message."""
    facts = _DECODER.decode(body)
    facts["reply_to"] = msgspec.to_builtins(quote)
    return msgspec.msgpack.encode(facts)


def unpacked(body: bytes, text: str | None, sender: User) -> Message:
    """The message again. Raises msgspec.MsgspecError for what is no message."""
    facts: dict[str, Any] = _DECODER.decode(body)
    # convert takes what is a User already as it is.
    facts["content"], facts["sender"] = text, sender
    return msgspec.convert(facts, Message)
