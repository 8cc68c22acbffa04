"""Accounts over REST: registering, logging in, the own profile and devices, finding people."""

from __future__ import annotations

from collections.abc import Mapping

from protocol import accounts
from server.http.binding import Answer, Call, Endpoint


def register(call: Call) -> Answer:
    """Open an account."""
    return Answer(value=call.house.accounts.register(call.body(accounts.Register), call.address), status=201)


def login(call: Call) -> Answer:
    """Open a session."""
    return Answer(value=call.house.accounts.login(call.body(accounts.Login), call.address))


def refresh(call: Call) -> Answer:
    """The next pair of tokens."""
    return Answer(value=call.house.accounts.refresh(call.body(accounts.Refresh)))


def logout(call: Call) -> Answer:
    """End this session."""
    call.house.accounts.logout(call.actor)
    return Answer(status=204)


def me(call: Call) -> Answer:
    """The own profile."""
    return Answer(value=call.house.accounts.me(call.actor))


def change_me(call: Call) -> Answer:
    """Change the own profile."""
    return Answer(value=call.house.accounts.change_profile(call.actor, call.body(accounts.ProfileChange)))


def change_password(call: Call) -> Answer:
    """Change the password."""
    call.house.accounts.change_password(call.actor, call.body(accounts.PasswordChange), call.address)
    return Answer(status=204)


def devices(call: Call) -> Answer:
    """The own sessions."""
    return Answer(value=call.house.accounts.devices(call.actor))


def end_device(call: Call) -> Answer:
    """End one of them."""
    call.house.accounts.end_device(call.actor, call.path["device_id"])
    return Answer(status=204)


def users(call: Call) -> Answer:
    """People the caller may write to."""
    return Answer(value=call.house.accounts.search(call.actor, call.query(accounts.UserQuery)))


ENDPOINTS: Mapping[str, Endpoint] = {
    "register": register,
    "login": login,
    "refresh": refresh,
    "logout": logout,
    "me": me,
    "change_me": change_me,
    "change_password": change_password,
    "devices": devices,
    "end_device": end_device,
    "users": users,
}
