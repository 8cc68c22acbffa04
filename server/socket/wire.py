"""How we write on the wire: frames of events and acknowledgements, and our codec as python-socketio's JSON."""

from __future__ import annotations

from typing import Any

from socketio import packet

from protocol import codec
from protocol.errors import Refused
from server.socket.frames import text_frame


def event_frame(event: str, payload: Any) -> bytes:  # noqa: ANN401 - any struct of protocol, or plain values
    """An event as one whole WebSocket frame (Engine.IO message 4, Socket.IO event 2)."""
    return text_frame(b'42["%s",%s]' % (event.encode(), codec.dumps(payload)))


def ack_frame(number: int, answer: Any) -> bytes:  # noqa: ANN401 - any struct of protocol, or plain values
    """The acknowledgement of the event with this number, as one whole WebSocket frame (Socket.IO acknowledgement 3)."""
    return text_frame(b"43%d[%s]" % (number, codec.dumps(answer)))


class WireJson:
    """The JSON module given to python-socketio and python-engineio; structs of `protocol` are encoded as they are."""

    @staticmethod
    def dumps(value: object, **_options: object) -> str:
        """Anything of `protocol`, or plain values, as JSON text."""
        return codec.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: object) -> object:
        """JSON text as plain values. Raises ValueError, which is what both libraries expect of a JSON module."""
        try:
            return codec.loads(text)
        except Refused as refusal:
            raise ValueError(refusal.message) from refusal


EventPacket: Any = type("EventPacket", (packet.Packet,), {"uses_binary_events": False, "json": WireJson})
"""Socket.IO packets without attachments: nothing of ours is binary, so no payload is searched for bytes."""
