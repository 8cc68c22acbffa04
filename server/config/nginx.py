"""nginx's configuration for several workers, filled in from resources/nginx-workers.conf."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from server.config.settings import Config

_FORM_BYTES = 1024 * 1024
"""What a form has around its file."""


class Site(Struct, frozen=True, kw_only=True):
    """What people see of the server: its name, where nginx listens, and its certificate."""

    name: str = "chat.example.org"
    listen: str = ""
    """Address and port; empty is 443 with a certificate and 80 without."""
    certificate: Path | None = None
    certificate_key: Path | None = None


def nginx_conf(config: Config, site: Site) -> str:
    """The file for nginx's conf.d, for `config.workers` workers on `config.port` and the ports after it."""
    text = (files("resources") / "nginx-workers.conf").read_text(encoding="utf-8")
    workers = range(1, config.workers + 1)
    servers = {number: f"server {config.host}:{config.port + number - 1}" for number in workers}
    filled = {
        "@servers@": "\n".join(f"    {server} max_fails=2 fail_timeout=2s;" for server in servers.values()),
        "@sids@": "\n".join(f'    "~^w{number}-" hearth_{number};' for number in workers),
        "@each@": "\n".join(f"upstream hearth_{number} {{ {servers[number]}; }}" for number in workers),
        "@listen@": "\n".join(_listen(site)),
        "@name@": site.name,
        "@body@": str(config.limits.file_bytes + _FORM_BYTES),
        "@silence@": str(max(75, 2 * (config.ping_interval_s + config.ping_timeout_s))),
    }
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return text


def _listen(site: Site) -> list[str]:
    """The lines that say where nginx listens, and with which certificate."""
    if site.certificate is None or site.certificate_key is None:
        return [f"    listen {site.listen or '80'};"]
    return [
        f"    listen {site.listen or '443'} ssl;",
        f"    ssl_certificate     {site.certificate};",
        f"    ssl_certificate_key {site.certificate_key};",
        "    ssl_protocols       TLSv1.2 TLSv1.3;",
        '    add_header Strict-Transport-Security "max-age=31536000" always;',
    ]
