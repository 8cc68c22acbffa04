"""Binds the catalogue of `protocol.routes` to functions: who is asking, decoding the request, encoding the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Flask, Response, current_app, g, request
from msgspec import Struct
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import IntegerConverter

from protocol import codec
from protocol.errors import ErrorCode, Refused
from protocol.ids import MAX_ID
from protocol.routes import ROUTES, Route
from server.services.house import House
from server.services.ports import Actor

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.datastructures import Headers

S = TypeVar("S", bound=Struct)

EXTENSION = "hearth"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back: a struct, list or mapping of `protocol` (None: no body), its status and further headers."""

    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: the house to ask, the route it came by, who asks, and the numbers and names in its path."""

    house: House
    route: Route
    path: Mapping[str, Any]
    someone: Actor | None = None

    @property
    def actor(self) -> Actor:
        """The caller; asked for only by routes that need a token."""
        if self.someone is None:
            raise RuntimeError(f"{self.route.name} asks for an actor, but its route needs no token")
        return self.someone

    @property
    def address(self) -> str:
        """Where the request comes from, for limits; proxies are believed as far as the operator says."""
        return request.remote_addr or ""

    def body(self, kind: type[S], **fixed: object) -> S:
        """The body as `kind`; `fixed` are fields that the path has decided. Raises Refused."""
        values, form = incoming()
        return self.decoded(kind, values, form=form, **fixed)

    def decoded(self, kind: type[S], values: Any, *, form: bool, **fixed: object) -> S:  # noqa: ANN401 - judged here
        """Plain values as `kind`, as `body` does."""
        if fixed and isinstance(values, dict):
            values = {**values, **{name: _agreeing(values, name, value) for name, value in fixed.items()}}
        return codec.decode(kind, values, form=form)

    def query(self, kind: type[S]) -> S:
        """The query as `kind`; empty fields are absent. Raises Refused."""
        return codec.decode(kind, request.args.to_dict(), form=True)


class Whole(Response):
    """An answer whose bytes and length are known when it is made: nothing is left to be found out while it is sent."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """The headers as they are: Werkzeug would copy them to look for what is never here."""
        del environ
        return self.headers

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        """The body, but for HEAD."""
        return [] if environ["REQUEST_METHOD"] == "HEAD" else cast("list[bytes]", self.response)


Endpoint = Callable[[Call], "Answer | Response"]
"""Answers one route; a Response is for files and pages, everything else is an Answer."""


def house() -> House:
    """The house of the application that serves this request."""
    return cast("House", current_app.extensions[EXTENSION])


def incoming() -> tuple[Any, bool]:
    """The body as plain values, and whether it was a form. Raises Refused (`bad_json`, `payload_too_large`)."""
    try:
        if request.mimetype in _FORMS:
            return request.form.to_dict(), True
        return codec.loads(request.get_data(cache=False) or b"{}"), False
    except RequestEntityTooLarge as error:
        limit = request.max_content_length
        message = f"The body is larger than {limit} bytes. Send less at once, or upload it as a file."
        raise Refused(ErrorCode.PAYLOAD_TOO_LARGE, message, details={"limit": limit}) from error
    except OSError as error:
        message = "The body did not arrive whole. Send it again."
        raise Refused(ErrorCode.INVALID_REQUEST, message, retryable=True) from error


def _agreeing(values: Mapping[str, Any], name: str, decided: object) -> object:
    """The path's value; raises Refused where the body says otherwise."""
    said = values.get(name, decided)
    if str(said) != str(decided):
        message = f"'{name}' in the body is not the one in the path. Leave it out."
        raise Refused(ErrorCode.INVALID_REQUEST, message, details={"field": name})
    return decided


class _IdConverter(IntegerConverter):
    """Ids in a path are written in ASCII digits; Werkzeug would take those of every script, and links repeat them."""

    regex = "[0-9]+"


def bind(app: Flask, endpoints: Mapping[str, Endpoint]) -> None:
    """Give every route of the catalogue its endpoint; raises LookupError where one has none, or nobody's is left."""
    names = [route.name for route in ROUTES]
    astray = set(names) ^ set(endpoints)
    if astray:
        raise LookupError(f"routes without endpoint, or endpoints without route: {sorted(astray)}")
    app.url_map.converters["id"] = _IdConverter
    for route in ROUTES:
        view = _view(route, endpoints[route.name])
        app.add_url_rule(_rule(route.path), endpoint=route.name, view_func=view, methods=[route.method])


def _rule(path: str) -> str:
    """An OpenAPI path as Flask's: ids are numbers that a client of any language can hold."""

    def variable(match: re.Match[str]) -> str:
        name = match[1]
        return f"<id(min=1, max={MAX_ID}):{name}>" if name.endswith("_id") else f"<{name}>"

    return _VARIABLE.sub(variable, path)


def _view(route: Route, endpoint: Endpoint) -> Callable[..., Response]:
    """The function Flask calls: who asks, the call, the answer."""

    def view(**path: object) -> Response:
        g.route = route
        if route.body == "json" and request.mimetype in _FORMS:
            raise Refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "This path takes JSON. Send application/json.")
        asked = house()
        someone = asked.accounts.authenticate(bearer()) if route.token else None
        g.user_id = None if someone is None else someone.user_id
        answer = endpoint(Call(house=asked, route=route, path=path, someone=someone))
        return answer if isinstance(answer, Response) else encoded(route, answer)

    return view


def bearer() -> str:
    """The token of the Authorization header; raises Refused (`unauthenticated`)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        message = "This path needs an access token. Log in and send it as 'Authorization: Bearer …'."
        raise Refused(ErrorCode.UNAUTHENTICATED, message)
    return token.strip()


def encoded(route: Route | None, answer: Answer) -> Response:
    """The answer as bytes: in both spellings on paths of document A (contract, Out)."""
    if answer.value is None:
        return Response(status=answer.status, headers=dict(answer.headers))
    both = route is not None and "A" in route.documents
    body = codec.dumps(codec.both_spellings(answer.value) if both else answer.value)
    return Whole(body, status=answer.status, headers=dict(answer.headers), content_type="application/json")
