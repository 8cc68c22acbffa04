"""A notification server of the tests' own on a private bus: what a desktop's shell would be."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, MessageType, message_bus, new_method_return, new_signal
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
HAS_BUS = shutil.which("dbus-daemon") is not None

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""


@contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """A bus of its own; its address."""
    config = folder / "bus.conf"
    config.write_text(_BUS, encoding="utf-8")
    command = ["dbus-daemon", f"--config-file={config}", "--print-address", "--nofork"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.wait()
        if daemon.stdout is not None:
            daemon.stdout.close()


class FakeServer:
    """Keeps what is shown by number, as a shell does, and tells everybody what people do with it."""

    def __init__(self, abilities: list[str]) -> None:
        self.abilities = abilities
        self.shown: dict[int, dict[str, Any]] = {}
        self.calls: list[str] = []
        self._connection: DBusConnection | None = None

    async def tell(self, member: str, signature: str, *body: object) -> None:
        """Send one of its signals."""
        assert self._connection is not None
        await self._connection.send(new_signal(DBusAddress(PATH, interface=NAME), member, signature, body))

    async def serve(self, connection: DBusConnection) -> None:
        """Answer until cancelled."""
        self._connection = connection
        while True:
            call = await connection.receive()
            if call.header.message_type is not MessageType.method_call:
                continue
            member = call.header.fields[HeaderFields.member]
            self.calls.append(member)
            match member:
                case "GetCapabilities":
                    reply = new_method_return(call, "as", (self.abilities,))
                case "Notify":
                    assert call.header.fields[HeaderFields.signature] == "susssasa{sv}i"
                    _app, number, _icon, summary, body, actions, hints, _timeout = call.body
                    number = number or len(self.calls) + 100
                    told = {"summary": summary, "body": body, "actions": actions[::2], "hints": hints}
                    self.shown[number] = told
                    reply = new_method_return(call, "u", (number,))
                case _:
                    assert call.header.fields[HeaderFields.signature] == "u"
                    self.shown.pop(call.body[0], None)
                    reply = new_method_return(call)
            await connection.send(reply)


@asynccontextmanager
async def fake_server(bus: str, *abilities: str) -> AsyncIterator[FakeServer]:
    """A server that can do these things."""
    connection = await open_dbus_connection(bus)
    async with DBusRouter(connection) as router:
        await Proxy(message_bus, router).RequestName(NAME)
    server = FakeServer(list(abilities))
    serving = asyncio.create_task(server.serve(connection))
    try:
        yield server
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await connection.close()
