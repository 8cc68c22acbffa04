"""What a server says of itself before anybody logs in: offers, health, readiness, metrics."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from importlib.metadata import version

from flask import Response, current_app

from protocol.accounts import ProtocolRange, ServerInfo
from protocol.errors import ErrorCode, Refused
from protocol.limits import PROTOCOL_MAX, PROTOCOL_MIN
from protocol.times import now_ms, to_wire
from server.http.binding import Answer, Call, Endpoint
from server.http.counters import MEASURES, Counters
from server.services import readiness

COUNTERS = "hearth_counters"
"""Where the application keeps its Counters among its extensions."""
SERVER_VERSION = version("hearth")


def server_info(call: Call) -> Answer:
    """What the log-in page shows and keeps within."""
    config = call.house.config
    info = ServerInfo(
        name=config.name,
        version=SERVER_VERSION,
        protocol=ProtocolRange(min=PROTOCOL_MIN, max=PROTOCOL_MAX),
        registration=config.registration,
        limits=config.limits,
        sign_in=["password"],
        time=to_wire(now_ms()),
    )
    return Answer(value=info)


def health(_call: Call) -> Answer:
    """The process lives: it could answer this."""
    return Answer(value={"status": "ok"})


def ready(call: Call) -> Answer:
    """Whether the server can do its work, part by part."""
    parts = readiness.checks(call.house)
    well = readiness.is_ready(parts)
    return Answer(value={"status": "ready" if well else "not ready", "checks": parts}, status=200 if well else 503)


def metrics(call: Call) -> Response:
    """Prometheus text, for this machine alone unless the operator opened it."""
    if not (call.house.config.metrics_open or _is_loopback(call.address)):
        message = "Metrics are for this machine alone. Set HEARTH_METRICS_OPEN=on to open them."
        raise Refused(ErrorCode.FORBIDDEN, message)
    counters: Counters = current_app.extensions[COUNTERS]
    measures = current_app.extensions.get(MEASURES, ())
    return Response(counters.text(measures), content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_loopback(address: str) -> bool:
    """Whether a request comes from this machine."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


ENDPOINTS: Mapping[str, Endpoint] = {
    "server_info": server_info,
    "health": health,
    "ready": ready,
    "metrics": metrics,
}
