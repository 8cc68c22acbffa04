"""One row of the REST catalogue: a path with what goes in and comes out."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Body = Literal["none", "json", "form", "file", "json_or_form", "piece"]


class Route(Struct, kw_only=True, frozen=True):
    """One endpoint. `path` in OpenAPI form; `documents`: A or B where theirs; `answers`: status → type or None.

    `or_takes`: the other kind of body that the path takes. `asked_headers`: what a request may carry beside the usual;
    `told_headers`: what the answer does.
    """

    name: str
    method: Method
    path: str
    does: str
    takes: type[Struct] | None = None
    or_takes: type[Struct] | None = None
    query: type[Struct] | None = None
    body: Body = "none"
    answers: dict[int, Any]
    asked_headers: tuple[str, ...] = ()
    told_headers: tuple[str, ...] = ()
    documents: str = ""
    token: bool = True
