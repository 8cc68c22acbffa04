"""How python-socketio reads and writes: our codec as its JSON, and event packets that never scan for bytes."""

from __future__ import annotations

from typing import Any

from socketio import packet

from protocol import codec
from protocol.errors import Refused


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
