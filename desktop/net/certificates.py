"""Whom the app trusts over TLS, and what is wrong with a certificate in words. There is no way to ignore it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import certifi

_SELF_SIGNED = (
    "The certificate of {host} is self-signed, so nobody vouches for it. "
    "Ask whoever runs the server for a trusted one, or have it added to this computer's trusted certificates."
)
_UNKNOWN_ISSUER = (
    "The certificate of {host} comes from an authority this computer does not know. "
    "Whoever runs the server may have left out the intermediate certificate."
)
_OTHER_HOST = "The certificate shown belongs to another server, not to {host}. Check the address."
_UNTRUSTED = "The certificate of {host} cannot be trusted. Ask whoever runs the server to check it."
_NO_TLS = "{host} does not speak TLS there. Check the address and the port."
_WORDS = {
    2: _UNKNOWN_ISSUER,
    9: "The certificate of {host} is not valid yet. Check this computer's date and time.",
    10: "The certificate of {host} has expired. Tell whoever runs the server; your clock may also be wrong.",
    18: _SELF_SIGNED,
    19: _SELF_SIGNED,
    20: _UNKNOWN_ISSUER,
    21: _UNKNOWN_ISSUER,
    23: "The certificate of {host} was revoked. Do not sign in there until its owner has replaced it.",
    62: _OTHER_HOST,
    64: _OTHER_HOST,
}
"""By OpenSSL's X509_V_ERR_* numbers (x509_vfy.h), as Python gives them in `verify_code`."""


def tls_context() -> ssl.SSLContext:
    """A client context that trusts the system's store (also a company's own authority in it) and certifi's list."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


def explain(error: BaseException, host: str) -> str | None:
    """What is wrong with the TLS of `host`, and what to do; None where the error is not about TLS."""
    for one in causes(error):
        # aiohttp's own certificate error is one by inheritance only: it carries the real one.
        if isinstance(one, ssl.SSLCertVerificationError) and hasattr(one, "verify_code"):
            return _WORDS.get(one.verify_code, _UNTRUSTED).format(host=host)
        if isinstance(one, ssl.SSLError) and not isinstance(one, ssl.SSLCertVerificationError):
            return _NO_TLS.format(host=host)
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything it came from, as requests, urllib3 and aiohttp wrap it; each once."""
    waiting: list[BaseException | object | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        wrapped = (getattr(one, name, None) for name in ("reason", "certificate_error", "os_error"))
        waiting += [one.__cause__, one.__context__, *wrapped, *one.args]
