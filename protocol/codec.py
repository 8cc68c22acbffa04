"""Decoding at the door and encoding once: both spellings in, snake_case out, both spellings out for document A."""

from __future__ import annotations

import re
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from protocol.errors import ErrorCode, Refused
from protocol.shapes import OWN_ID

S = TypeVar("S", bound=Struct)

_DEPTH_MAX = 16
"""Nesting beyond this is no message of ours (reliability 2.15)."""
_DIGITS_MAX = 19
"""Digits of the largest 64-bit number; longer text is no number of ours, and costly to read as one."""
_LONE_SURROGATE = re.compile(
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u]|\\u(?![dD][89a-fA-F]))"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""Half of a pair, escaped in JSON: stock clients write it so (ECMA-262, JSON.stringify). Group 1 is everything else."""
_HUMP = re.compile(r"_([a-z])")


def camel(name: str) -> str:
    """`read_at` as `readAt`; `user1_id` as `user1Id`."""
    return _HUMP.sub(lambda match: match[1].upper(), name)


class _Field(Struct, frozen=True):
    """How one field comes in: its attribute, whether it is an id or text of digits, and the struct inside, if any."""

    name: str
    is_number: bool
    inner: type[Struct] | None


def _arms(annotation: Any) -> list[Any]:
    """The alternatives of a type, without Annotated and list around them."""
    origin = get_origin(annotation)
    if origin is Annotated or origin is list:
        return _arms(get_args(annotation)[0])
    if origin is Union or origin is UnionType:
        return [arm for part in get_args(annotation) for arm in _arms(part)]
    return [annotation]


@cache
def _plan(kind: type[Struct]) -> dict[str, _Field]:
    """Every accepted key of a struct, in both spellings."""
    plan: dict[str, _Field] = {}
    for name, annotation in get_type_hints(kind, include_extras=True).items():
        arms = _arms(annotation)
        inner = next((arm for arm in arms if isinstance(arm, type) and issubclass(arm, Struct)), None)
        # Python's own words stand with a line after them: `from_` is called `from`.
        called = name.rstrip("_")
        plan[called] = plan[camel(called)] = _Field(called, int in arms, inner)
    return plan


def _number(value: Any) -> Any:
    """Decimal text as the integer it says; anything else untouched, for the strict check to judge."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS_MAX:
        return int(value)
    return [_number(item) for item in value] if isinstance(value, list) else value


def _incoming(field: _Field, value: Any) -> Any:
    """One value with its own keys and numbers brought to our spelling."""
    if field.is_number:
        return _number(value)
    if field.inner is None:
        return value
    if isinstance(value, list):
        return [_spelled(field.inner, item) for item in value]
    return _spelled(field.inner, value)


def _spelled(kind: type[Struct], value: Any) -> Any:
    """A mapping in our spelling; raises Refused where the two spellings of one key disagree."""
    if not isinstance(value, dict):
        return value
    plan = _plan(kind)
    spelled: dict[str, Any] = {}
    for key, raw in value.items():
        field = plan.get(key) if isinstance(key, str) else None
        if field is None:
            continue
        item = _incoming(field, raw)
        if field.name in spelled and spelled[field.name] != item:
            message = f"'{field.name}' and '{camel(field.name)}' say different things. Send one of them."
            raise Refused(ErrorCode.INVALID_REQUEST, message, details={"field": field.name})
        spelled[field.name] = item
    return spelled


def decode(kind: type[S], value: Any, *, bare: str | None = None, form: bool = False) -> S:
    """A request's value as the struct `kind`.

    `bare` names the field that a value which is no mapping stands for. With `form`, empty fields are absent and
    booleans may be true/false/1/0. Unknown keys are ignored. Raises Refused (`invalid_request`, `details.field`).
    """
    if bare is not None and not isinstance(value, dict):
        value = {bare: value}
    if form and isinstance(value, dict):
        value = {key: item for key, item in value.items() if item != ""}
    try:
        return msgspec.convert(_spelled(kind, value), kind, strict=not form)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: msgspec.ValidationError) -> Refused:
    """The refusal for a value of the wrong form; msgspec says where as `… - at `$.field``."""
    said = str(error)
    what, _, path = said.partition(" - at `$.")
    missing = re.search(r"required field `(\w+)`", said)
    field = missing[1] if missing else path.rstrip("`")
    message = f"{what}{f' in {field!r}' if field and not missing else ''}. Correct the field and send again."
    return Refused(ErrorCode.INVALID_REQUEST, message, details={"field": field} if field else None)


def loads(data: bytes | str) -> Any:
    """JSON text as plain values; refuses NaN, trailing text and nesting beyond 16. Raises Refused (`bad_json`).

    Lone surrogates, which no text of ours can hold, are left out (contract, Limits).
    """
    try:
        value = _tolerant(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        message = f"The body is no JSON: {error}. Send UTF-8 JSON."
        raise Refused(ErrorCode.BAD_JSON, message) from error
    if _deeper_than(value, _DEPTH_MAX):
        raise Refused(ErrorCode.BAD_JSON, f"The body is nested deeper than {_DEPTH_MAX}. Send a flatter one.")
    return value


def _tolerant(data: bytes | str) -> Any:
    """Plain values; a text that fails is tried once more without its lone surrogates. Raises msgspec.DecodeError."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        raw = data.encode() if isinstance(data, str) else data
        whole = _LONE_SURROGATE.sub(lambda match: match[1] or b"", raw)
        if whole == raw:
            raise
        return msgspec.json.decode(whole)


def _deeper_than(value: Any, depth: int) -> bool:
    """Whether lists and objects nest deeper than `depth`."""
    if not isinstance(value, dict | list):
        return False
    if depth == 0:
        return True
    return any(_deeper_than(item, depth - 1) for item in (value.values() if isinstance(value, dict) else value))


def dumps(value: Any) -> bytes:
    """Anything of `protocol`, or plain values, as snake_case JSON."""
    return msgspec.json.encode(value)


def read(kind: type[S], data: bytes | str) -> S:
    """What the other side of the wire sent, as a struct; unknown fields ignored. Raises msgspec.ValidationError."""
    return msgspec.json.decode(data, type=kind)


def from_plain(kind: type[S], value: Any) -> S:
    """Plain values off a socket as a struct; unknown fields ignored. Raises msgspec.ValidationError."""
    return msgspec.convert(value, kind)


def plain(value: Any) -> Any:
    """A struct as plain dicts and lists, snake_case."""
    return msgspec.to_builtins(value)


def both_spellings(value: Any) -> Any:
    """A struct (or a list of them) as plain values with every key in both spellings, and `id` (contract, Out)."""
    if isinstance(value, Struct):
        fields = msgspec.structs.asdict(value)
        out: dict[str, Any] = {}
        for name, item in fields.items():
            if item is msgspec.UNSET:
                continue
            out[name] = out[camel(name)] = both_spellings(item)
        own_id = OWN_ID.get(type(value).__name__)
        if own_id is not None:
            out["id"] = out[own_id]
        return out
    if isinstance(value, list | tuple):
        return [both_spellings(item) for item in value]
    if isinstance(value, dict):
        return {key: both_spellings(item) for key, item in value.items()}
    return value
