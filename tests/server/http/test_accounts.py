"""Accounts over REST, at a running server."""

from __future__ import annotations

from tests.running import PASSWORD, RunningServer, Unique


def test_register_then_log_in(server: RunningServer, unique: Unique) -> None:
    name = unique("ada")
    user, token = server.create_user(name, display_name="Ada Lovelace")
    again = server.login(name, PASSWORD, device_name="desk")
    me = server.request("GET", "/api/me", again["access_token"]).json()
    assert me == user == server.request("GET", "/api/me", token).json()
    assert me["display_name"] == "Ada Lovelace"
    devices = server.request("GET", "/api/me/devices", token).json()
    assert {device["name"] for device in devices} == {"Unnamed device", "desk"}
    assert [device["current"] for device in devices].count(True) == 1
