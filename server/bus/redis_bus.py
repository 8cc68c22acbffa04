"""The bus on Redis' pub/sub: one channel, one connection that publishes, one that subscribes.

tell ─► waiting (bounded) ─► parcel n ─► PUBLISH … Redis … ─► parcel n ─► listeners
                                │ refused, frozen: kept and sent again, the waiting go on waiting
                                └ dropped for want of room: the next number is left out

Redis keeps nothing for who is away, so a process that has subscribed anew, or sees that a number was left out, tells
its sockets to `sync` and asks the others for all their facts. Nothing that is told is ever waited for: with Redis away
the processes serve on, each for itself.
"""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import gevent
import msgspec
import redis
from gevent.event import Event
from msgspec import Struct
from redis.backoff import NoBackoff
from redis.retry import Retry

from server.bus import parcels
from server.bus.parcels import Item, Parcel, Waiting
from server.bus.peers import HEARTBEAT_S, SILENT_S, Arrival, Peers
from server.services.ports import Facts

S = TypeVar("S", bound=Struct)

_PATIENCE_S = 2.0
"""How long Redis may take to answer before the connection is given up."""
_BACK_OFF_MOST_S = 5.0
_LOSS_SPREAD_S = 0.5
"""Losses within this time are told to the sockets as one."""
_LOOK_S = 1.0
_PATIENT_MAX = 10_000
_FAREWELL_S = 0.5
_HELLO, _BYE = "hello", "bye"

_log = logging.getLogger(__name__)


class Nothing(Struct, frozen=True, array_like=True):
    """The body of what is said by its topic alone."""


@dataclass(frozen=True)
class _Topic:
    """How one topic is read, and who listens: `take(sender, item)`."""

    take: Callable[[str, Item], None]
    patient: bool


class RedisBus:
    """Implements `services.ports.Bus`. Owns both connections, what waits, and who the other processes are."""

    def __init__(self, url: str, channel: str, worker: int = 0) -> None:
        """`channel` is this server's alone (Redis' channels are shared by all its databases). Call `start`."""
        self.name = f"w{worker}-{secrets.token_hex(6)}"
        self._channel = channel
        common: dict[str, Any] = {"protocol": 2, "retry": Retry(NoBackoff(), 0), "socket_connect_timeout": _PATIENCE_S}
        self._publishing = redis.Redis.from_url(url, socket_timeout=_PATIENCE_S, **common)
        # No time limit for reading: between two parcels there is silence, which `_listen` measures itself.
        self._subscribing: Any = redis.Redis.from_url(url, socket_timeout=None, **common)
        self._waiting = Waiting()
        self._peers = Peers()
        self._topics: dict[str, _Topic] = {
            _HELLO: _Topic(lambda _sender, _item: self._tell_wholes(), patient=False),
            _BYE: _Topic(lambda sender, _item: self._forget(sender), patient=False),
        }
        self._facts: list[Facts[Any]] = []
        self._number = 0
        self._sends = self._subscribed = self._was_up = False
        self._reason = "it was not reached yet"
        self._wholes_wait = self._loss_waits = False
        self._losses = 0
        self._on_loss: Callable[[], object] = lambda: None
        self._wake, self._is_subscribed, self._patient_wake = Event(), Event(), Event()
        self._patient: deque[tuple[_Topic, str, Item]] = deque()
        self._running: list[gevent.Greenlet] = []

    # What the server says and hears (services.ports.Bus).

    def tell(self, topic: str, body: Struct) -> None:
        """Tell the other processes something, in the order of the calls."""
        self._put(topic, msgspec.msgpack.encode(body))

    def tell_later(self, topic: str, make: Callable[[], Struct]) -> None:
        """Tell what `make` returns when it is this one's turn."""
        self._put(topic, make)

    def tell_facts(self, topic: str, facts: Sequence[Struct]) -> None:
        """Tell the others what has changed of the facts of this topic."""
        self._put(topic, msgspec.msgpack.encode(facts))

    def hear(self, topic: str, kind: type[S], listener: Callable[[S], None], *, patient: bool = False) -> None:
        """Call the listener with what others tell."""
        decoder = msgspec.msgpack.Decoder(kind)
        self._topics[topic] = _Topic(lambda _sender, item: listener(decoder.decode(item.body)), patient=patient)

    def share(self, facts: Facts[Any]) -> None:
        """Keep these facts the same everywhere."""
        decoder = msgspec.msgpack.Decoder(list[facts.kind])  # type: ignore[name-defined]  # known at run time alone
        self._facts.append(facts)
        self._topics[facts.topic] = _Topic(
            lambda sender, item: facts.heard(sender, decoder.decode(item.body), whole=item.whole), patient=True
        )

    def when_lost(self, listener: Callable[[], object]) -> None:
        """Call this when news may have been lost on their way to this process."""
        self._on_loss = listener

    def trouble(self) -> str | None:
        """What is wrong with the bus, in words for the operator."""
        if self._is_up():
            return None
        return f"Redis is away ({self._reason}): each process serves for itself. Messages arrive by sync."

    def measures(self) -> Mapping[str, float]:
        """The bus's numbers by name, for /metrics."""
        return {
            "hearth_bus_up": float(self._is_up()),
            "hearth_bus_waiting": float(len(self._waiting)),
            "hearth_bus_dropped_total": float(self._waiting.dropped),
            "hearth_bus_losses_total": float(self._losses),
            "hearth_bus_peers": float(len(self._peers)),
        }

    # Its life.

    def start(self) -> None:
        """Begin, and wait a little for the subscription: what comes before it is not heard."""
        for loop in (self._send_on, self._listen_on, self._serve_patient, self._watch):
            self._running.append(gevent.spawn(loop))
        if not self._is_subscribed.wait(_PATIENCE_S):
            _log.warning("the bus is away: %s", self._reason)

    def stop(self) -> None:
        """Say goodbye, if that can be said at once, and end."""
        self._put(_BYE, msgspec.msgpack.encode(Nothing()))
        until = time.monotonic() + _FAREWELL_S
        while self._is_up() and len(self._waiting) and time.monotonic() < until:
            gevent.sleep(0.01)
        gevent.killall(self._running)
        for client in (self._publishing, self._subscribing):
            client.close()

    def _is_up(self) -> bool:
        """Whether news go out and come in."""
        return self._sends and self._subscribed

    def _note(self, *, sends: bool | None = None, subscribed: bool | None = None, reason: str = "") -> None:
        """Note how a connection is; one line is logged when the bus goes, and one when it is back."""
        self._sends = self._sends if sends is None else sends
        self._subscribed = self._subscribed if subscribed is None else subscribed
        self._reason = reason or self._reason
        if self._is_up() != self._was_up:
            self._was_up = self._is_up()
            if self._was_up:
                _log.info("the bus is there", extra={"name_there": self.name})
            else:
                _log.warning("the bus is away: %s", self._reason)

    # Out.

    def _put(self, topic: str, body: bytes | Callable[[], object], *, whole: bool = False) -> None:
        """Line one up, and wake who sends."""
        self._waiting.put(topic, body, whole=whole)
        self._wake.set()

    def _send_on(self) -> None:
        """Send what waits, in parcels, as long as the process lives; each until Redis has it."""
        while True:
            self._wake.wait(HEARTBEAT_S)
            self._wake.clear()
            self._send(self._next_parcel())
            if len(self._waiting):
                self._wake.set()

    def _next_parcel(self) -> bytes:
        """What waits as a parcel; empty it is a heartbeat."""
        items = self._waiting.take()
        self._number += 2 if self._waiting.take_loss() else 1
        return parcels.encode(Parcel(self.name, self._number, items))

    def _send(self, data: bytes) -> None:
        """Publish one parcel, however long that takes. Sent twice it is heard once, by its number."""
        tries = 0
        while True:
            try:
                self._publishing.publish(self._channel, data)
            except (redis.RedisError, OSError) as error:
                tries += 1
                self._publishing.connection_pool.disconnect()
                self._note(sends=False, reason=type(error).__name__)
                gevent.sleep(_back_off_s(tries))
            else:
                self._note(sends=True)
                return

    def _tell_wholes(self) -> None:
        """Somebody asks for everything: tell all facts, once for all who ask meanwhile."""
        if self._wholes_wait:
            return
        self._wholes_wait = True
        for facts in self._facts:
            self._put(facts.topic, facts.whole, whole=True)
        self._put("", self._wholes_told)

    def _wholes_told(self) -> Nothing:
        """All facts are on their way."""
        self._wholes_wait = False
        return Nothing()

    # In.

    def _listen_on(self) -> None:
        """Subscribe and listen; and again, whenever that ends."""
        tries = 0
        while True:
            tries += 1
            try:
                with self._subscribing.pubsub() as channel:
                    channel.subscribe(self._channel)
                    for message in _messages(channel):
                        if message["type"] == "subscribe":
                            self._begin_to_hear(is_again=tries > 1)
                        elif message["type"] == "message":
                            tries = 1
                            self._read(message["data"])
            except (redis.RedisError, OSError) as error:
                self._note(subscribed=False, reason=type(error).__name__)
            self._subscribing.connection_pool.disconnect()
            gevent.sleep(_back_off_s(tries))

    def _begin_to_hear(self, *, is_again: bool) -> None:
        """From this moment news come in: ask for what was told before, and tell what the others may have missed."""
        self._note(subscribed=True)
        self._is_subscribed.set()
        if is_again:
            self._lose()
        self._put(_HELLO, msgspec.msgpack.encode(Nothing()))
        self._tell_wholes()

    def _read(self, data: bytes) -> None:
        """One parcel off the bus; the own ones are ignored."""
        try:
            parcel = parcels.decode(data)
        except msgspec.MsgspecError:
            _log.exception("another process told what cannot be read; do all run the same release?")
            return
        if parcel.sender == self.name:
            return
        arrival = self._peers.hear(parcel.sender, parcel.number, time.monotonic())
        if arrival is Arrival.OLD:
            return
        for other in self._peers.replaced_by(parcel.sender):
            self._forget(other)
        if arrival is Arrival.GAP:
            self._lose()
            self._put(_HELLO, msgspec.msgpack.encode(Nothing()))
        for item in parcel.items:
            self._hand_on(parcel.sender, item)

    def _hand_on(self, sender: str, item: Item) -> None:
        """Give one item to its listener, or line it up for a patient one."""
        topic = self._topics.get(item.topic)
        if topic is None:
            return
        if not topic.patient:
            _take(topic, sender, item)
        elif len(self._patient) < _PATIENT_MAX:
            self._patient.append((topic, sender, item))
            self._patient_wake.set()
        else:
            self._patient.clear()
            self._put(_HELLO, msgspec.msgpack.encode(Nothing()))

    def _serve_patient(self) -> None:
        """Hand what waits to the listeners that may read the database, one after the other."""
        while True:
            self._patient_wake.wait()
            self._patient_wake.clear()
            while self._patient:
                _take(*self._patient.popleft())

    def _forget(self, name: str) -> None:
        """A process is gone: so are its facts, after those that it told before."""
        if not self._peers.forget(name):
            return
        _log.info("a process is gone", extra={"peer": name})
        for facts in self._facts:
            self._patient.append((_Topic(_gone(facts), patient=True), name, _NO_ITEM))
        self._patient_wake.set()

    def _watch(self) -> None:
        """Notice processes that have died without a word; while nobody can be heard, nobody has."""
        while True:
            gevent.sleep(_LOOK_S)
            now = time.monotonic()
            if not self._is_up():
                self._peers.spare(now)
            for name in self._peers.silent(now):
                self._forget(name)

    def _lose(self) -> None:
        """News may have been lost: in a moment the sockets are told, once."""
        if not self._loss_waits:
            self._loss_waits = True
            gevent.spawn_later(_LOSS_SPREAD_S, self._tell_loss)

    def _tell_loss(self) -> None:
        """Tell it."""
        self._loss_waits = False
        self._losses += 1
        self._on_loss()


_NO_ITEM = Item("", whole=True, body=msgspec.Raw(b""))


def _gone(facts: Facts[Any]) -> Callable[[str, Item], None]:
    """How these facts learn that a process is gone."""
    return lambda sender, _item: facts.gone(sender)


def _take(topic: _Topic, sender: str, item: Item) -> None:
    """Let the listener have it; what fails there stops nothing."""
    try:
        topic.take(sender, item)
    except Exception:  # noqa: BLE001 - the next news want hearing too
        _log.exception("news of another process failed here: %s", item.topic)


def _messages(channel: Any) -> Any:  # noqa: ANN401 - redis' PubSub, and its messages as dicts
    """What the channel says. Raises TimeoutError where not even the own heartbeats come: Redis stands still."""
    heard = time.monotonic()
    while True:
        message = channel.get_message(timeout=HEARTBEAT_S)
        if message is not None:
            heard = time.monotonic()
            yield message
        elif time.monotonic() - heard >= SILENT_S:
            raise TimeoutError


def _back_off_s(tries: int) -> float:
    """How long to wait before the next try: up to 0.2 s, 0.4 s … 5 s, drawn anew each time."""
    return random.uniform(0.05, min(_BACK_OFF_MOST_S, 0.1 * 2.0 ** min(tries, 10)))  # noqa: S311 - no secret
