"""The live socket: python-socketio's AsyncClient behind the core's `Live`. Owns one connection at a time."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct
from socketio.exceptions import SocketIOError

from desktop.core.ports import Arrived, Broken, Unreachable
from desktop.net.addresses import Address
from desktop.net.busy import refused_handshake
from desktop.net.certificates import explain, tls_context
from desktop.net.ordered_client import OrderedClient
from desktop.net.rest import APP, Rest
from desktop.net.tokens import AccessTokens
from protocol import codec
from protocol.errors import ErrorBody, ErrorCode, Refused, refused_from
from protocol.limits import PROTOCOL_HEADER, PROTOCOL_MAX
from protocol.signals import SIGNALS, Connected

log = logging.getLogger(__name__)

CONNECT_WITHIN_S = 20.0
"""From dialling to the greeting. AsyncClient's own limit is 1 s, too short for a busy server (reliability L14)."""
_CLOSE_WITHIN_S = 3.0
_EVENT_BYTES = 32 * 1024 * 1024
"""The largest event taken: an answer of `sync` holds up to 2,000 messages, which can be 16,000 characters each."""
_ASK_AGAIN = {ErrorCode.UNAUTHENTICATED, ErrorCode.TOKEN_EXPIRED}


class _Line:
    """One connection from dialling to its end. What it hears goes to its own queue, so lines never mix."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.arrivals: asyncio.Queue[Arrived | Broken] = asyncio.Queue()
        self.greeting: asyncio.Future[Connected] = loop.create_future()
        self.waiting: set[asyncio.Future[Any]] = set()
        self.lost: str | None = None
        self.emitting = asyncio.Lock()
        self.client = OrderedClient(self.end)
        for event in SIGNALS:
            self.client.on(event, self._hearer(event))
        self.client.on("connect_error", self._refuse)
        self._session: aiohttp.ClientSession | None = None
        self._answer: aiohttp.ClientResponse | None = None

    async def dial(self, address: Address, token: str, context: ssl.SSLContext | bool) -> Connected:
        """Connect and wait for the greeting. Raises Refused, SocketIOError, or TimeoutError."""
        watch = aiohttp.TraceConfig()
        watch.on_request_end.append(self._keep)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), trace_configs=[watch])
        self.client.eio.http, self.client.eio.external_http = self._session, True
        self.client.eio.websocket_extra_options = {"max_msg_size": _EVENT_BYTES}
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await self.client.connect(
                address.origin,
                headers={PROTOCOL_HEADER: str(PROTOCOL_MAX), "User-Agent": APP},
                auth={"token": token},
                transports=["websocket"],
                socketio_path=f"{address.prefix}/socket.io".lstrip("/"),
                wait=False,
            )
            return await self.greeting

    async def close(self) -> None:
        """Disconnect, as politely as the other side allows within 3 s."""
        self.end("closed")
        websocket = self.client.eio.ws
        wire = None if websocket is None else websocket.get_extra_info("socket")
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self.client.disconnect()
        except (TimeoutError, OSError, aiohttp.ClientError, SocketIOError) as error:
            log.info("the old line did not close well: %r", error)
        finally:
            if self._answer is not None:
                # Neither library does so where reading was given up, or where what follows the upgrade is no greeting.
                self._answer.close()
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self.client.abandon()
        if wire is not None:
            await _let_go(wire)

    async def _keep(self, _session: object, _context: object, end: aiohttp.TraceRequestEndParams) -> None:
        """Hold on to the answer to the upgrade, which owns the connection."""
        self._answer = end.response

    def end(self, reason: str) -> None:
        """The line is gone: whoever waits for it learns so now. Only the first reason counts."""
        if self.lost is not None:
            return
        self.lost = reason
        self.arrivals.put_nowait(Broken(reason))
        for answer in [*self.waiting, self.greeting]:
            if not answer.done():
                answer.set_exception(Unreachable(f"The line broke ({reason})."))
        if not self.greeting.cancelled():
            self.greeting.exception()  # Seen: an open() that gave up before asks no more.

    def _hearer(self, event: str) -> Any:  # noqa: ANN401 - what AsyncClient.on takes
        """The handler of one event: decode and enqueue, so that order holds."""
        kind = SIGNALS[event].payload

        def hear(payload: object = None) -> None:
            if self.lost is not None:
                return
            try:
                arrived = Arrived(event, codec.from_plain(kind, payload))
            except msgspec.ValidationError as error:
                log.warning("an event %s that cannot be understood is left out: %s", event, error)
                return
            if event == "connected" and not self.greeting.done():
                self.greeting.set_result(arrived.payload)
            else:
                self.arrivals.put_nowait(arrived)

        return hear

    def _refuse(self, *said: object) -> None:
        """The server did not let us in: its error is the data of connect_error."""
        if not self.greeting.done():
            self.greeting.set_exception(_refusal(said[0] if said else None))


class SocketLive:
    """`core.ports.Live`: opened, followed and closed by `core.sync.SyncLoop`. Never reconnects by itself.

        (none) --open()--> dialling --`connected`--> up --break or close()--> Broken in its queue
                              |                                                   |
                              +--refused, 20 s, no route--> (none) <---open()-----+

    A race: the old line may still speak while a new one is dialled. Each line has its own queue, and `next()` reads
    only the newest, so what arrived before a Broken never mixes with what comes after.
    """

    def __init__(self, address: Address, tokens: AccessTokens, rest: Rest) -> None:
        self._address = address
        self._tokens = tokens
        self._rest = rest
        self._line: _Line | None = None
        self._latency_ms: int | None = None

    @property
    def latency_ms(self) -> int | None:
        """The last acknowledged call's round trip in milliseconds, or None."""
        return self._latency_ms

    async def open(self) -> Connected:
        """Connect with a fresh token; once more with a newer one if the server asks. Raises Refused or Unreachable."""
        token = await self._rest.work(self._tokens.fresh)
        try:
            return await self._dial(token)
        except Refused as refusal:
            if refusal.code not in _ASK_AGAIN:
                raise
        return await self._dial(await self._rest.work(lambda: self._tokens.fresh(stale=token)))

    async def call(self, event: str, payload: Struct | Mapping[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
        """Emit and wait for the acknowledgement. Raises Refused, or Unreachable at once when the line breaks."""
        line = self._line
        if line is None or line.lost is not None:
            raise Unreachable("There is no line to the server.", may_have_arrived=False)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        line.waiting.add(answer)
        began = loop.time()
        try:
            async with asyncio.timeout(timeout_s):
                async with line.emitting:
                    await line.client.emit(event, codec.plain(payload), callback=_settler(answer))
                reply = await answer
        except TimeoutError as error:
            raise Unreachable(f"No answer to {event} within {timeout_s:g} s.") from error
        except SocketIOError as error:
            raise Unreachable("The line is down.") from error
        finally:
            line.waiting.discard(answer)
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # Seen, also where the emit itself failed.
        self._latency_ms = round((loop.time() - began) * 1000)
        return _accepted(event, reply)

    async def next(self) -> Arrived | Broken:
        """The next thing that happens on the line, in the order of arrival."""
        if self._line is None:
            return Broken("not connected")
        return await self._line.arrivals.get()

    async def close(self) -> None:
        """Disconnect; harmless when not connected."""
        if self._line is not None:
            await self._line.close()
        self._latency_ms = None

    async def _dial(self, token: str) -> Connected:
        """A new line in the old one's place; a failure leaves none half open."""
        await self.close()
        context = await self._rest.work(tls_context) if self._address.scheme == "https" else False
        line = self._line = _Line()
        try:
            return await line.dial(self._address, token, context)
        except TimeoutError as error:
            await line.close()
            raise Unreachable(f"{self._address.netloc} takes too long to answer.") from error
        except (SocketIOError, aiohttp.ClientError, OSError) as error:
            await line.close()
            refusal = refused_handshake(error)
            if refusal is not None:
                raise refusal from error
            words = explain(error, self._address.host) or f"{self._address.netloc} cannot be reached."
            raise Unreachable(words) from error
        except BaseException:
            await line.close()
            raise


async def _let_go(wire: Any) -> None:  # noqa: ANN401 - asyncio gives its socket a type of its own, without a stub
    """Wait until the connection is gone: TLS takes some turns of the loop, which a script may end right after this."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            while wire.fileno() != -1:  # noqa: ASYNC110 - a transport tells of its end to its protocol alone
                await asyncio.sleep(0.005)


def _settler(answer: asyncio.Future[Any]) -> Any:  # noqa: ANN401 - what AsyncClient.emit takes
    """A callback for an acknowledgement; a late one changes nothing."""

    def settle(*said: object) -> None:
        if not answer.done():
            answer.set_result(said[0] if said else None)

    return settle


def _accepted(event: str, reply: object) -> dict[str, Any]:
    """The acknowledgement if it says ok. Raises Refused, or Unreachable for one that says nothing."""
    if isinstance(reply, dict) and reply.get("ok") is True:
        return reply
    if isinstance(reply, dict) and isinstance(reply.get("error"), dict):
        raise refused_from(codec.from_plain(ErrorBody, reply["error"]))
    raise Unreachable(f"The server's answer to {event} cannot be understood.")


def _refusal(said: object) -> Exception:
    """The exception for what connect_error brought: the contract's error as its `data`, or nothing we know."""
    match said:
        case {"data": {"error": error}} | {"data": error} | {"error": error}:
            try:
                return refused_from(codec.from_plain(ErrorBody, error))
            except msgspec.ValidationError:
                pass
    return Unreachable("The server did not accept the connection.")
