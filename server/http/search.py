"""Search over REST."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.commands import SearchQuery
from server.http.binding import Answer, Call, Endpoint


def search(call: Call) -> Answer:
    """Messages the caller can see."""
    return Answer(value=call.house.search.find(call.actor, call.query(SearchQuery)))


ENDPOINTS: Mapping[str, Endpoint] = {"search": search}
