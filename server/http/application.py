"""The Flask application: every route of the catalogue, every error in one form, limits on what is read."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SessionInterface

from server.http import (
    accounts,
    catalogue,
    conversations,
    errors,
    messages,
    resumable,
    search,
    server_info,
    sync,
    tracing,
    transfers,
)
from server.http.binding import EXTENSION, bind
from server.http.counters import Counters
from server.services.house import House

_FORM_PARTS_MAX = 50


class NoSessions(SessionInterface):
    """Flask's cookie sessions, of which there are none here: no request is searched for one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """An empty one, which nobody reads."""
        del app, request
        return SecureCookieSession()

    def is_null_session(self, obj: object) -> bool:
        """Always: nothing is ever stored."""
        del obj
        return True


def build_application(house: House) -> Flask:
    """REST in front of this house; the socket room is attached by `server.app`."""
    app = Flask("hearth", static_folder=None, template_folder=str(catalogue.PAGES))
    # A body that is no upload carries as much as a socket event may (contract, Limits).
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = house.config.limits.event_bytes
    app.config["MAX_FORM_PARTS"] = _FORM_PARTS_MAX
    app.session_interface = NoSessions()
    app.extensions[EXTENSION] = house
    app.extensions[server_info.COUNTERS] = counters = Counters()
    errors.install(app)
    resumable.install(app)
    tracing.install(app, counters, house.config.cors_origins)
    bind(
        app,
        {
            **server_info.ENDPOINTS,
            **accounts.ENDPOINTS,
            **conversations.ENDPOINTS,
            **search.ENDPOINTS,
            **messages.ENDPOINTS,
            **transfers.ENDPOINTS,
            **resumable.ENDPOINTS,
            **sync.ENDPOINTS,
            **catalogue.ENDPOINTS,
        },
    )
    return app
