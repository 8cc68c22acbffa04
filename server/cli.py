"""The operator's door: serving, and opening accounts, invites and tokens from the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from protocol.errors import Refused
from server import app
from server.config import Config, ConfigError, load_config, logs, without_password
from server.config.nginx import Site, nginx_conf
from server.services.house import House
from server.services.ports import Silence
from server.storage.locks import DataInUse
from server.storage.schema import TooNew, begin_epoch
from server.supervisor import Supervisor, WorkerRefused

Command = Callable[[argparse.Namespace, Config], None]

_SETTINGS = """\
# Hearth's settings. Every line is optional; what stands here is the default. HEARTH_<NAME> in the environment wins.
# docs/operating.md explains each.

# name = "Hearth"
# host = "127.0.0.1"
# port = 8765
# registration = "invite"      # closed | invite | open
# cors_origins = []
# trusted_proxies = 0
# database_url = ""            # postgresql+psycopg://user:password@host/name for several workers
# redis_url = ""               # redis://127.0.0.1:6379/0, likewise
# workers = 1

# [limits]
# file_bytes = 100000000
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 refused, 2 asked wrongly."""
    options = _parser().parse_args(arguments)
    options.given = sys.argv[1:] if arguments is None else arguments
    try:
        config = load_config(os.environ, file=options.config, overrides=_overrides(options))
        command: Command = options.command
        command(options, config)
    except (ConfigError, ValueError) as error:
        return _failed(str(error), 2)
    except Refused as refusal:
        return _failed(refusal.message, 1)
    except (DataInUse, TooNew, WorkerRefused, OSError) as error:
        return _failed(str(error), 1)
    return 0


def _failed(message: str, status: int) -> int:
    """Say why on standard error."""
    print(f"hearth-server: {message}", file=sys.stderr)
    return status


def _overrides(options: argparse.Namespace) -> dict[str, object]:
    """The settings given on the command line."""
    names = ("data_dir", "host", "port", "tls_cert", "tls_key", "workers")
    return {name: getattr(options, name, None) for name in names}


def _parser() -> argparse.ArgumentParser:
    """What may be asked."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data-dir", type=Path, help="where database, files and keys lie (default: hearth-data)")
    common.add_argument("--config", type=Path, help="the settings file (default: hearth.toml in the data directory)")
    parser = argparse.ArgumentParser(prog="hearth-server", description="The server of Hearth, a messenger for a team.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, told: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=told, description=told)
        made.set_defaults(command=command)
        return made

    _add_serve(add("serve", _serve, "Serve until stopped."))
    _add_nginx(add("nginx", _nginx, "Print nginx's configuration for several workers."))
    add("init", _init, "Make the data directory: database, keys, and a settings file to edit.")
    add("check-config", _check_config, "Say whether the settings can be used, and what they are.")
    add("restored", _restored, "Say that a backup was put back, so that desktops bring back what it lacks.")
    admin = add("create-admin", _create_admin, "Open the first administrator's account.")
    admin.add_argument("username", nargs="?", default="admin")
    user = add("create-user", _create_user, "Open somebody's account.")
    user.add_argument("username")
    for account in (admin, user):
        account.add_argument("--display-name", default="")
    reset = add("reset-password", _reset_password, "Give somebody a new password; all their sessions end.")
    reset.add_argument("username")
    for secret in (admin, user, reset):
        secret.add_argument("--password-stdin", action="store_true", help="read the password instead of making one")
    invite = add("invite", _invite, "Make a code with which people open accounts.")
    invite.add_argument("--uses", type=_positive, default=1)
    invite.add_argument("--days", type=_positive, default=7)
    sample = commands.add_parser("sample", parents=[common])  # Without help: for `hearth demo`, not for operators.
    sample.set_defaults(command=_sample)
    _add_token(commands.add_parser("token", help="Long-lived tokens for scripts."), common)
    return parser


def _add_serve(serve: argparse.ArgumentParser) -> None:
    """The options of `serve`."""
    serve.add_argument("--host")
    serve.add_argument("--port", type=int)
    serve.add_argument("--tls-cert", type=Path)
    serve.add_argument("--tls-key", type=Path)
    serve.add_argument("--workers", type=_positive, help="so many processes; more than one needs PostgreSQL and Redis")
    # Said by the supervisor to its workers alone.
    serve.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)


def _add_nginx(nginx: argparse.ArgumentParser) -> None:
    """The options of `nginx`."""
    nginx.add_argument("--workers", type=_positive, help="how many workers there are")
    nginx.add_argument("--port", type=int, help="the port of the first worker")
    nginx.add_argument("--name", default=Site().name, help="how people call the server")
    nginx.add_argument("--listen", default="", help="where nginx listens (default: 443, or 80 without a certificate)")
    nginx.add_argument("--certificate", type=Path, help="a PEM file, for TLS")
    nginx.add_argument("--certificate-key", type=Path)


def _add_token(token: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """The commands below `token`."""
    create = token.add_subparsers(required=True, metavar="command").add_parser(
        "create", parents=[common], help="Make a token that acts for USER until it is revoked among their devices."
    )
    create.add_argument("username", metavar="USER")
    create.add_argument("--name", default="script", help="how it is called among the devices")
    create.set_defaults(command=_create_token)


def _positive(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of at least 1")
    return int(text)


@contextmanager
def _house(config: Config, *, exclusive: bool = False) -> Iterator[House]:
    """The house without sockets, also beside a running server where it is not `exclusive`."""
    house = app.build_house(config, Silence(), Silence(), exclusive=exclusive)
    try:
        yield house
    finally:
        house.database.close()


def _serve(options: argparse.Namespace, config: Config) -> None:
    """Serve until stopped: in this process, or in as many as are set."""
    logs.install(config.log_level, config.worker)
    if config.workers == 1 or config.worker:
        app.serve(config, supervised=options.supervised)
        return
    app.check(config)
    with _house(config):
        # The tables are brought up to date once, before the workers look at them.
        pass
    Supervisor(config, options.given).run()


def _nginx(options: argparse.Namespace, config: Config) -> None:
    """Print the configuration."""
    site = Site(
        name=options.name,
        listen=options.listen,
        certificate=options.certificate,
        certificate_key=options.certificate_key,
    )
    print(nginx_conf(config, site), end="")


def _init(_options: argparse.Namespace, config: Config) -> None:
    """Make the data directory."""
    with _house(config):
        settings = config.data_dir / "hearth.toml"
        if not settings.exists():
            settings.write_text(_SETTINGS, encoding="utf-8")
    print(f"Ready: {config.data_dir}\nNext: hearth-server create-admin --data-dir {config.data_dir}")


def _restored(_options: argparse.Namespace, config: Config) -> None:
    """Begin another epoch; a server that runs would go on in the one before."""
    with _house(config, exclusive=True) as house:
        house.database.write(lambda unit: begin_epoch(unit.connection))
    print("Desktops that come back will send again what this backup lacks.")


def _check_config(_options: argparse.Namespace, config: Config) -> None:
    """Print the settings in force, if a server could start with them; no secret is among them."""
    app.check(config)
    for name in config.__struct_fields__:
        print(f"{name} = {without_password(getattr(config, name))}")


def _create_admin(options: argparse.Namespace, config: Config) -> None:
    """Open an administrator's account."""
    with _house(config) as house:
        _, password = house.accounts.create_user(
            options.username, display_name=options.display_name, password=_given(options), role="admin"
        )
    _tell_password(options, password)


def _create_user(options: argparse.Namespace, config: Config) -> None:
    """Open a member's account."""
    with _house(config) as house:
        _, password = house.accounts.create_user(
            options.username, display_name=options.display_name, password=_given(options)
        )
    _tell_password(options, password)


def _reset_password(options: argparse.Namespace, config: Config) -> None:
    """Give somebody a new password."""
    with _house(config) as house:
        password = house.accounts.reset_password(options.username, _given(options))
    _tell_password(options, password)


def _sample(_options: argparse.Namespace, config: Config) -> None:
    """Fill a new data directory with sample people; prints them as JSON with their keys."""
    # The sample draws with Pillow, which the serving process never loads (pictures are read in a child process).
    from server.sample.seeding import as_json, make_sample  # noqa: PLC0415

    with _house(config) as house:
        print(as_json(make_sample(house)))


def _given(options: argparse.Namespace) -> str | None:
    """The password on standard input, where it was announced; never an argument, which others could read."""
    return sys.stdin.readline().rstrip("\r\n") if options.password_stdin else None


def _tell_password(options: argparse.Namespace, password: str) -> None:
    """Print a made-up password, once; one that was given is not repeated."""
    print(f"User name: {options.username}")
    if not options.password_stdin:
        print(f"Password: {password}")


def _invite(options: argparse.Namespace, config: Config) -> None:
    """Make an invite."""
    with _house(config) as house:
        print(house.accounts.create_invite(uses=options.uses, days=options.days))


def _create_token(options: argparse.Namespace, config: Config) -> None:
    """Make a script's token."""
    with _house(config) as house:
        print(house.accounts.create_token(options.username, options.name))
