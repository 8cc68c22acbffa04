"""The catalogues as answers: for programs as JSON, for people as a page that loads nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Response, render_template

from protocol.commands import COMMANDS
from protocol.routes import ROUTES
from protocol.signals import SIGNALS
from server.http import openapi
from server.http.binding import Answer, Call, Endpoint

PAGES = Path(__file__).with_name("pages")


def document(_call: Call) -> Answer:
    """OpenAPI."""
    return Answer(value=openapi.document())


def events(_call: Call) -> Answer:
    """The events."""
    return Answer(value=openapi.events())


def docs(call: Call) -> Response:
    """Both for people."""
    page = render_template(
        "docs.html",
        name=call.house.config.name,
        style=_style(),
        api=openapi.document(),
        routes=ROUTES,
        commands=COMMANDS,
        signals=SIGNALS,
        shapes={**openapi.document()["components"]["schemas"], **openapi.events()["components"]["schemas"]},
    )
    proof = base64.b64encode(sha256(_style().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{proof}'; base-uri 'none'; form-action 'none'"
    return Response(page, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy})


@cache
def _style() -> str:
    """The page's style sheet, allowed by its hash alone."""
    return (PAGES / "docs.css").read_text(encoding="utf-8")


ENDPOINTS: Mapping[str, Endpoint] = {"openapi": document, "events": events, "docs": docs}
