"""Access tokens: forty forged ones, and none gets in (reliability T10)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
import pytest

from protocol.accounts import Refresh
from protocol.errors import Refused
from protocol.times import now_ms
from server.config import SecretKeys
from server.services import tokens
from server.services.house import House
from server.services.tokens import Access, TokenMint
from tests.server.accounts.people import Listener, register

KEYS = SecretKeys(b"k" * 32)
KEY = KEYS.key("access-token")
MINT = TokenMint(KEYS)


def _claims(**changes: Any) -> dict[str, Any]:
    """A good token's claims with changes; None leaves one out."""
    now = int(time.time())
    good = {
        "iss": "hearth",
        "aud": "hearth-client",
        "sub": "1",
        "sid": 1,
        "gen": 0,
        "jti": "x",
        "iat": now,
        "exp": now + 60,
        "typ": "access",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def _signed(
    key: bytes | str = KEY, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **changes: Any
) -> str:
    return jwt.encode(_claims(**changes), key, algorithm=algorithm, headers=headers)


def _bare(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _without(name: str) -> str:
    return jwt.encode(_claims(**{name: None}), KEY, algorithm="HS256")


def _flipped(token: str, part: int) -> str:
    parts = token.split(".")
    middle = len(parts[part]) // 2
    parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
    return ".".join(parts)


FORGED: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "one word": lambda: "token",
    "two parts": lambda: "a.b",
    "three empty parts": lambda: "..",
    "five parts": lambda: "a.b.c.d.e",
    "not base64": lambda: "é.é.é",
    "lone surrogate": lambda: "\ud800.\ud800.\ud800",
    "NUL": lambda: "\0.\0.\0",
    "huge": lambda: "a" * 100_000,
    "alg none": lambda: _bare({"alg": "none", "typ": "JWT"}, _claims()),
    "alg None": lambda: _bare({"alg": "None"}, _claims()),
    "alg missing": lambda: _bare({"typ": "JWT"}, _claims()),
    "alg a list": lambda: _bare({"alg": ["HS256"]}, _claims()),
    "alg a number": lambda: _bare({"alg": 1}, _claims()),
    "header a list": lambda: _bare([], _claims()),  # type: ignore[arg-type]
    "claims a list": lambda: _bare({"alg": "HS256"}, []),  # type: ignore[arg-type]
    "no signature": lambda: _signed().rsplit(".", 1)[0] + ".",
    "HS384": lambda: _signed(algorithm="HS384", key=KEY * 2),
    "HS512": lambda: _signed(algorithm="HS512", key=KEY * 2),
    "another key": lambda: _signed(key=b"x" * 32),
    "the other purpose's key": lambda: _signed(key=KEYS.key("refresh-token")),
    "kid names a path": lambda: _signed(key=b"x" * 32, headers={"kid": "../../../../dev/null"}),
    "jwk in the header": lambda: _signed(key=b"x" * 32, headers={"jwk": {"kty": "oct", "k": "eHh4"}}),
    "x5u in the header": lambda: _signed(key=b"x" * 32, headers={"x5u": "https://elsewhere.example/key"}),
    "flipped header": lambda: _flipped(_signed(), 0),
    "flipped claims": lambda: _flipped(_signed(), 1),
    "flipped signature": lambda: _flipped(_signed(), 2),
    "other issuer": lambda: _signed(iss="elsewhere"),
    "other audience": lambda: _signed(aud="elsewhere"),
    "audience in a list": lambda: _signed(aud=["hearth-client", "elsewhere"]),
    "typ refresh": lambda: _signed(typ="refresh"),
    "typ a number": lambda: _signed(typ=1),
    "expired": lambda: _signed(exp=int(time.time()) - 1),
    "not yet valid": lambda: _signed(nbf=int(time.time()) + 600),
    "issued tomorrow": lambda: _signed(iat=int(time.time()) + 86_400),
    "exp a word": lambda: _signed(exp="later"),
    "sub a word": lambda: _signed(sub="admin"),
    "sub negative": lambda: _signed(sub="-1"),
    "sid a word": lambda: _signed(sid="1"),
    "sid true": lambda: _signed(sid=True),
    "gen a word": lambda: _signed(gen="0"),
    **{f"no {name}": partial(_without, name) for name in _claims()},
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_is_refused(how: str) -> None:
    with pytest.raises(Refused) as refusal:
        MINT.prove(FORGED[how]())
    assert refusal.value.status == 401
    assert refusal.value.code == ("token_expired" if how == "expired" else "unauthenticated")


def test_a_genuine_token_says_whose_it_is() -> None:
    access = Access(user_id=7, session_id=9, counter=3)
    assert MINT.prove(MINT.access(access, now_ms())) == access


def test_an_old_token_asks_for_a_refresh() -> None:
    with pytest.raises(Refused) as refusal:
        MINT.prove(MINT.access(Access(user_id=7, session_id=9, counter=3), now_ms() - 16 * 60 * 1000))
    assert (refusal.value.code, refusal.value.retryable) == ("token_expired", True)


def test_tokens_of_another_server_mean_nothing(make_house: Callable[..., House]) -> None:
    one, other = make_house(folder="one"), make_house(folder="other")
    tokens = register(one)
    register(other)
    for wrong in (tokens.access_token, tokens.refresh_token):
        with pytest.raises(Refused) as refusal:
            other.accounts.authenticate(wrong)
        assert refusal.value.code == "unauthenticated"


def test_a_refresh_token_opens_no_door(house: House) -> None:
    tokens = register(house)
    with pytest.raises(Refused):
        house.accounts.authenticate(tokens.refresh_token)


def test_a_script_token_acts_until_its_device_is_ended(house: House, listener: Listener) -> None:
    owner = house.accounts.authenticate(register(house).access_token)
    token = house.accounts.create_token("ada", "backup")
    script = house.accounts.authenticate(token)
    assert (script.user_id, script.session_id == owner.session_id) == (owner.user_id, False)
    [device] = [device for device in house.accounts.devices(owner) if device.name == "backup"]
    house.accounts.end_device(owner, device.device_id)
    assert listener.revoked == [(script.session_id, "device_removed")]
    with pytest.raises(Refused) as refusal:
        house.accounts.authenticate(token)
    assert refusal.value.code == "session_revoked"


def test_a_script_token_cannot_be_refreshed_or_guessed(house: House) -> None:
    register(house)
    token = house.accounts.create_token("ada")
    with pytest.raises(Refused):
        house.accounts.refresh(Refresh(refresh_token=token))
    with pytest.raises(Refused) as refusal:
        house.accounts.authenticate(token[:-1])
    assert refusal.value.code == "unauthenticated"


def test_a_token_that_was_good_is_not_remembered_for_longer() -> None:
    expires = int(time.time()) + 1
    token = _signed(exp=expires)
    assert MINT.prove(token) == MINT.prove(token) == Access(user_id=1, session_id=1, counter=0)
    time.sleep(max(0.0, expires - time.time()))
    with pytest.raises(Refused, match="expired"):
        MINT.prove(token)


def test_tokens_are_remembered_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_PROVEN_MAX", 3)
    mint = TokenMint(KEYS)
    for number in range(1, 9):
        assert mint.prove(_signed(sub=str(number))).user_id == number
        assert len(mint._proven) <= 3  # noqa: SLF001 - what is remembered shows in nothing else
