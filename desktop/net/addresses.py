"""Where a server is: what people type or click (`chat.example`, `hearth://host/invite/CODE` …) as one address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from desktop.core.sign_in import Unusable

_INVITE = "/invite/"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_EXAMPLE = "Type the server's address, for example chat.example.org."


@dataclass(frozen=True, slots=True)
class Address:
    """A server's root. `prefix` is its path without a last slash, `invite` the code a link carried."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    invite: str = ""

    @property
    def netloc(self) -> str:
        """Host and, where it is not the usual one, port; an IPv6 host in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def url(self) -> str:
        """The root that paths of the contract are put behind."""
        return self.origin + self.prefix


def parse_address(text: str) -> Address:
    """What somebody typed, pasted or clicked, as an address.

    Raises Unusable with a sentence for the log-in page; plain http is only for this computer itself.
    """
    parts = _split(text.strip())
    host = (parts.hostname or "").rstrip(".")
    if not host or any(letter in host for letter in " \\<>\"'"):
        raise Unusable("address", f"That is no server address. {_EXAMPLE}")
    prefix, _, invite = parts.path.partition(_INVITE)
    scheme = _scheme(parts.scheme, host)
    return Address(scheme, host, _port(parts, scheme), quote(unquote(prefix.rstrip("/"))), unquote(invite.strip("/")))


def _split(text: str) -> SplitResult:
    """The text's parts; without a scheme it begins with the host. Raises Unusable."""
    try:
        return urlsplit(text if "://" in text else f"//{text}")
    except ValueError as error:
        raise Unusable("address", f"That is no server address. {_EXAMPLE}") from error


def _scheme(given: str, host: str) -> str:
    """https, or http on this computer. Raises Unusable for plain http beyond it and for anything else."""
    if given not in {"", "hearth", "https", "http"}:
        raise Unusable("address", f"Hearth cannot use {given}:// addresses. {_EXAMPLE}")
    if given == "https":
        return given
    if is_loopback(host):
        return "http"
    if given == "http":
        message = f"http:// would send your password readable to everybody on the way. Use https://{host} instead."
        raise Unusable("plain_http", message)
    return "https"


def _port(parts: SplitResult, scheme: str) -> int:
    """The port named, or the scheme's. Raises Unusable where it is no port."""
    try:
        return parts.port or _DEFAULT_PORTS[scheme]
    except ValueError as error:
        raise Unusable("address", "The port must be a number from 1 to 65535.") from error


def is_loopback(host: str) -> bool:
    """Whether a host is this computer (RFC 6761, 6.3; RFC 1122, 3.2.1.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def account_name(server: str, username: str) -> str:
    """The name under which an account's token and files are kept: `user@server`. Raises Unusable."""
    address = parse_address(server)
    return f"{username}@{address.netloc}{address.prefix}"
