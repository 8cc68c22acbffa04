"""Joins the rooms: builds the house, puts REST and sockets in front of it, serves, and closes in order."""

from __future__ import annotations

import gc
import logging
import signal
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import gevent
import gevent.os
from flask import Flask
from gevent.event import Event
from gevent.threadpool import ThreadPool
from werkzeug.middleware.proxy_fix import ProxyFix

from protocol.errors import Refused
from protocol.signals import Resync
from server.bus.news import SharedNews
from server.config import Config, ConfigError, check_keys, check_processes, load_keys
from server.fetch.links import LinkReader
from server.fetch.workers import Workers
from server.http.application import build_application
from server.http.counters import MEASURES
from server.http.listening import Listener
from server.services.access import Access
from server.services.accounts import Accounts
from server.services.changes import Changes
from server.services.conversations import Conversations
from server.services.cursors import Cursors
from server.services.drafts import Drafts
from server.services.groups import Groups
from server.services.house import House
from server.services.limits import SendingLimit
from server.services.messages import Messages
from server.services.names import Names
from server.services.own_facts import OwnFacts
from server.services.passwords import OffHub, Passwords
from server.services.pins import Pins
from server.services.ports import ALONE, Announcement, Announcer, Bus, PresenceBook
from server.services.previews import Later, Previews
from server.services.profiles import Profiles
from server.services.reactions import Reactions
from server.services.search import Search
from server.services.sessions import Sessions
from server.services.sync import SyncDesk
from server.services.tokens import TokenMint
from server.services.uploads import Uploads
from server.socket.gateway import SocketRoom
from server.socket.presence import Presences
from server.socket.publisher import Publisher
from server.storage.blobs import FolderBlobs
from server.storage.engines import check_address
from server.storage.unit import Database

T = TypeVar("T")

_HASHING_THREADS = 2
"""Argon2id at a time: each takes 46 MiB."""
_SWEEP_S = 600.0
_INDEX_AGAIN_S = 10.0
_DRAIN_S = 5.0
"""How long requests under way may still take when the server goes down."""
_COLLECT_AFTER = 10_000
"""So many objects more before the collector looks; Python's 700 are made by thirty messages."""

_log = logging.getLogger(__name__)


class HashingThreads(OffHub):
    """Runs hashing in native threads; a waiting greenlet lets the others work."""

    def __init__(self) -> None:
        self._pool = ThreadPool(_HASHING_THREADS)

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, once a thread was free for it."""
        result: T = self._pool.apply(work)
        return result

    def close(self) -> None:
        """End the threads."""
        self._pool.kill()


@dataclass(frozen=True, kw_only=True)
class HearthApp:
    """The whole server but its listening socket."""

    flask: Flask
    house: House
    sockets: SocketRoom
    hashing: HashingThreads
    workers: Workers

    def close(self) -> None:
        """Let go of the database; everything waiting is written first."""
        self.workers.close()
        self.house.bus.stop()
        self.hashing.close()
        self.house.database.close()


def _not_here(work: Callable[[], object]) -> bool:
    """Operator commands look at no links."""
    del work
    return False


def build_house(
    config: Config,
    announcer: Announcer,
    presence: PresenceBook,
    *,
    off_hub: OffHub | None = None,
    exclusive: bool = True,
    bus: Bus = ALONE,
    later: Later = _not_here,
) -> House:
    """Every service on this data directory, its tables brought up to date.

    `later` has links looked at in the background. `exclusive` is for the one serving process. Raises ConfigError,
    storage.locks.DataInUse, storage.schema.TooNew.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = load_keys(config.data_dir)
    database = Database(config.database, announcer.announce, exclusive=exclusive)
    database.migrate()
    access, names = Access(database), Names(config.limits)
    uploads = Uploads(database, access, FolderBlobs(config.data_dir / "blobs", config.free_bytes_min), config.limits)
    previews = Previews(database, access, uploads, LinkReader(), later)
    said = previews.consider if config.link_previews else None
    return House(
        config=config,
        database=database,
        announcer=announcer,
        presence=presence,
        access=access,
        accounts=Accounts(
            config,
            database,
            sessions=Sessions(config, database, announcer, TokenMint(keys)),
            profiles=Profiles(database, access, names),
            passwords=Passwords(config.limits, off_hub or OffHub()),
            bus=bus,
        ),
        conversations=Conversations(database, access, presence),
        groups=Groups(database, access, presence, names),
        own_facts=OwnFacts(database, access, presence),
        drafts=Drafts(database, access, config.limits),
        search=Search(database, access),
        messages=Messages(database, access, uploads, config.limits, said),
        changes=Changes(database, access, uploads, config.limits, said),
        reactions=Reactions(database, access),
        pins=Pins(database, access),
        previews=previews,
        sending=SendingLimit(config.limits, enabled=config.rate_limits, bus=bus),
        cursors=Cursors(database, access),
        sync=SyncDesk(database, presence),
        uploads=uploads,
        bus=bus,
    )


def create_app(config: Config) -> HearthApp:
    """REST and sockets in front of one house. Raises what `build_house` raises."""
    hashing = HashingThreads()
    bus = _open_bus(config)
    publisher, presences = Publisher(), Presences(bus=bus)
    announcer = publisher if bus is ALONE else SharedNews(publisher, bus)
    workers = Workers()
    house = build_house(config, announcer, presences, off_hub=hashing, bus=bus, later=workers.later)
    flask = build_application(house)
    sockets = SocketRoom(flask, house, config, publisher, presences)
    flask.extensions[MEASURES] = [bus.measures, presences.measures]
    bus.when_lost(lambda: publisher.announce([_resync(config, presences)]))
    hops = config.trusted_proxies
    if hops:
        # As many addresses as there are proxies, counted from the right: what a client wrote itself is left of them.
        flask.wsgi_app = ProxyFix(flask.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return HearthApp(flask=flask, house=house, sockets=sockets, hashing=hashing, workers=workers)


def _open_bus(config: Config) -> Bus:
    """The way to the other processes, not yet begun. Raises ConfigError."""
    if not config.redis_url:
        return ALONE
    # redis-py comes with the extra `cluster`, which one process does without.
    from server.bus.redis_bus import RedisBus  # noqa: PLC0415

    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Redis' channels are shared by all of its databases: the name is this server's alone.
    channel = f"hearth:{load_keys(config.data_dir).key('bus').hex()[:32]}"
    return RedisBus(config.redis_url, channel, config.worker)


def _resync(config: Config, presences: Presences) -> Announcement:
    """What everybody here is told when news may have been lost on their way to this process."""
    payload = Resync(spread_ms=config.restart_spread_ms)
    return Announcement(event="resync", payload=payload, user_ids=tuple(presences.users_here()))


def serve(config: Config, *, supervised: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way. Raises what `check` and `create_app` raise.

    `supervised`: also until standard input ends, which the supervisor holds.
    """
    check(config)
    app = create_app(config)
    app.house.bus.start()
    _calm_collector()
    server = Listener((config.host, config.port), app.flask, log=None, **_tls(config))
    server.start()
    _log.info("listening", extra={"host": config.host, "port": server.server_port, "tls": config.tls_cert is not None})
    stopping = Event()
    aside = [gevent.spawn(_sweep, app.house, stopping), gevent.spawn(_index, app.house, stopping)]
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stopping.set)
    if supervised:
        gevent.spawn(_stop_as_orphan, stopping)
    stopping.wait()
    _log.info("stopping")
    server.stop_accepting()
    app.sockets.stop()
    server.drain(_DRAIN_S)
    # They end by themselves: psycopg swallows the end of a greenlet that is killed while it asks the database.
    gevent.joinall(aside, timeout=_DRAIN_S)
    server.stop(timeout=0)
    app.close()
    _log.info("stopped")


def _calm_collector() -> None:
    """Have the garbage collector look seldom, and never at what was made so far.

    As Python sets it, 1,000 messages took 0.105 CPU s and now 0.072, with a p99 of 500 and 113 ms (decision 0016). What
    a message makes is gone by counting when it is sent, and lines undo their own cycles (`socket.transport`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 10)


def check(config: Config) -> None:
    """Whether a server could start with these settings; makes nothing. Raises ConfigError, ValueError."""
    check_address(config.database)
    check_processes(config)
    check_keys(config.data_dir)
    _tls(config)


def _stop_as_orphan(stopping: Event) -> None:
    """End when standard input does: whoever started this process is gone."""
    line = sys.stdin.fileno()
    gevent.os.make_nonblocking(line)
    gevent.os.nb_read(line, 1)
    stopping.set()


def _tls(config: Config) -> dict[str, ssl.SSLContext]:
    """The server's certificate, where the operator gave one. Raises ConfigError."""
    if config.tls_cert is None or config.tls_key is None:
        return {}
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.tls_cert, config.tls_key)
    except OSError as error:
        message = f"tls_cert and tls_key cannot be used ({error}). Give a certificate and its own key, as PEM files."
        raise ConfigError(message) from error
    return {"ssl_context": context}


def _sweep(house: House, stopping: Event) -> None:
    """Forget expired uploads every ten minutes."""
    while not stopping.wait(_SWEEP_S):
        try:
            house.uploads.sweep()
        except Exception:  # noqa: BLE001 - a full disk or a busy database today is none tomorrow
            _log.exception("sweeping uploads failed; it is tried again in ten minutes")


def _index(house: House, stopping: Event) -> None:
    """Keep the search's index up to date while there is time."""
    rest_s = 0.0
    while not stopping.wait(rest_s):
        rest_s = _SWEEP_S
        try:
            rest_s = house.search.index()
        except Refused:
            # The database has said why; what is not in the index is walked meanwhile.
            rest_s = _INDEX_AGAIN_S
        except Exception:  # noqa: BLE001 - searching goes on without it
            _log.exception("the search's index could not be brought up to date; it is tried again in ten minutes")
