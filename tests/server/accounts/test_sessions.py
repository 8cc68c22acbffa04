"""Sessions: lost answers are forgiven, theft ends the session, and what is ended stays ended (reliability 2.13)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from protocol.accounts import PasswordChange, Refresh, Tokens
from protocol.errors import Refused
from server.services.house import House
from server.services.ports import Actor
from tests.server.accounts.people import PASSWORD, Listener, age, login, register


def refresh(house: House, token: str) -> Tokens:
    return house.accounts.refresh(Refresh(refresh_token=token))


def code_of(house: House, token: str) -> str:
    """The code with which a refresh is refused."""
    with pytest.raises(Refused) as refusal:
        refresh(house, token)
    assert refusal.value.status == 401
    return str(refusal.value.code)


def test_a_refresh_gives_new_keys_to_the_same_session(house: House) -> None:
    first = register(house)
    second = refresh(house, first.refresh_token)
    assert second.session_id == first.session_id
    assert second.refresh_token != first.refresh_token
    assert house.accounts.authenticate(second.access_token) == house.accounts.authenticate(first.access_token)


def test_a_lost_answer_is_given_again_however_late(house: House, listener: Listener) -> None:
    first = register(house)
    lost = refresh(house, first.refresh_token)
    age(house, 3_600)
    again = refresh(house, first.refresh_token)
    assert again.refresh_token == lost.refresh_token
    assert listener.revoked == []
    assert house.accounts.authenticate(again.access_token).session_id == first.session_id


def test_within_a_minute_a_repeat_is_no_theft(house: House, listener: Listener) -> None:
    first = register(house)
    second = refresh(house, first.refresh_token)
    house.accounts.authenticate(second.access_token)
    assert refresh(house, first.refresh_token).refresh_token == second.refresh_token
    assert listener.revoked == []


def test_parallel_refreshes_agree(house: House, listener: Listener) -> None:
    first = register(house)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(house, first.refresh_token).refresh_token, range(24)))
    assert len(set(answers)) == 1
    assert listener.revoked == []
    refresh(house, answers[0])


def test_reuse_after_the_successor_was_used_ends_the_session(house: House, listener: Listener) -> None:
    first = register(house)
    second = refresh(house, first.refresh_token)
    house.accounts.authenticate(second.access_token)
    age(house, 61)
    assert code_of(house, first.refresh_token) == "session_revoked"
    assert listener.revoked == [(first.session_id, "token_reused")]
    assert code_of(house, second.refresh_token) == "session_revoked"
    with pytest.raises(Refused) as refusal:
        house.accounts.authenticate(second.access_token)
    assert (refusal.value.code, refusal.value.retryable) == ("session_revoked", False)
    assert house.accounts.live_sessions([first.session_id]) == set()


def test_a_token_two_generations_old_ends_the_session(house: House, listener: Listener) -> None:
    first = register(house)
    second = refresh(house, first.refresh_token)
    refresh(house, second.refresh_token)
    assert code_of(house, first.refresh_token) == "session_revoked"
    assert listener.revoked == [(first.session_id, "token_reused")]


def test_reuse_ends_only_its_own_session(house: House, listener: Listener) -> None:
    stolen, other = register(house), login(house)
    refresh(house, refresh(house, stolen.refresh_token).refresh_token)
    code_of(house, stolen.refresh_token)
    assert [session_id for session_id, _ in listener.revoked] == [stolen.session_id]
    assert refresh(house, other.refresh_token).session_id == other.session_id


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["refresh", "repeat", "use", "wait"]), max_size=12))
def test_an_honest_device_is_never_signed_out(house: House, steps: list[str]) -> None:
    """Whatever answers get lost, and whenever: a device that asks with the newest token it has is always answered."""
    held = register(house, f"u{uuid.uuid4().hex[:20]}")
    for step in steps:
        if step == "wait":
            age(house, 90)
        elif step == "use":
            house.accounts.authenticate(held.access_token)
        else:
            answer = refresh(house, held.refresh_token)
            held = answer if step == "refresh" else held
    assert refresh(house, held.refresh_token).session_id == held.session_id


@pytest.mark.parametrize(
    "forge",
    [
        lambda _token: "",
        lambda _token: "hr1",
        lambda token: token + "A",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.replace("hr1.1.", "hr1.2."),
        lambda token: token.replace("hr1.1.0.", "hr1.1.1."),
        lambda token: token.replace("hr1.1.", "hr1.9999999999999999."),
        lambda token: "\ud800" + token,
        lambda token: token + "\n",
    ],
)
def test_a_forged_refresh_token_changes_nothing(house: House, listener: Listener, forge: Callable[[str], str]) -> None:
    tokens = register(house)
    login(house)
    with pytest.raises(Refused) as refusal:
        refresh(house, forge(tokens.refresh_token))
    assert (refusal.value.code, refusal.value.retryable) == ("unauthenticated", False)
    assert listener.revoked == []
    assert refresh(house, tokens.refresh_token).session_id == tokens.session_id


def test_only_hashes_of_secrets_are_stored(house: House) -> None:
    tokens = refresh(house, register(house).refresh_token)
    script, invite = house.accounts.create_token("ada"), house.accounts.create_invite()
    house.database.write(lambda _unit: None)
    stored = b"".join(path.read_bytes() for path in house.config.data_dir.glob("hearth.db*"))
    assert b"argon2id" in stored
    for secret in (tokens.refresh_token.split(".")[-1], tokens.access_token, script, invite, PASSWORD):
        assert secret.encode() not in stored


def test_logging_out_closes_the_sockets_and_the_door(house: House, listener: Listener) -> None:
    tokens = register(house)
    house.accounts.logout(house.accounts.authenticate(tokens.access_token))
    assert listener.revoked == [(tokens.session_id, "logged_out")]
    assert code_of(house, tokens.refresh_token) == "session_revoked"


def test_nobody_ends_somebody_elses_session(house: House, listener: Listener) -> None:
    victim = register(house, "ada")
    attacker = house.accounts.authenticate(register(house, "eve").access_token)
    for device_id in (victim.session_id, 999):
        with pytest.raises(Refused) as refusal:
            house.accounts.end_device(attacker, device_id)
        assert refusal.value.code == "not_found"
    assert listener.revoked == []


def test_a_new_password_ends_every_other_session(house: House, listener: Listener) -> None:
    here, elsewhere = register(house), login(house)
    script = house.accounts.authenticate(house.accounts.create_token("ada"))
    actor = house.accounts.authenticate(here.access_token)
    with pytest.raises(Refused) as refusal:
        house.accounts.change_password(actor, PasswordChange(current_password="wrong", new_password="a brand new one"))
    assert refusal.value.code == "bad_credentials"
    house.accounts.change_password(actor, PasswordChange(current_password=PASSWORD, new_password="a brand new one"))
    ended = {session_id for session_id, _ in listener.revoked}
    assert ended == {elsewhere.session_id, script.session_id}
    assert refresh(house, here.refresh_token).session_id == here.session_id
    with pytest.raises(Refused):
        login(house)
    assert login(house, password="a brand new one").user == here.user


def test_an_idle_session_ends_by_itself(house: House) -> None:
    tokens = register(house)
    age(house, 91 * 86_400)
    assert code_of(house, tokens.refresh_token) == "session_revoked"
    assert house.accounts.live_sessions([tokens.session_id]) == set()


def test_a_deactivated_person_is_out_at_once(house: House) -> None:
    tokens = register(house)
    actor: Actor = house.accounts.authenticate(tokens.access_token)
    change = text("UPDATE users SET deactivated_at = 1")
    house.database.write(lambda unit: unit.connection.execute(change))
    with pytest.raises(Refused) as refusal:
        house.accounts.authenticate(tokens.access_token)
    assert refusal.value.code == "session_revoked"
    assert house.accounts.live_sessions([actor.session_id]) == set()
    with pytest.raises(Refused) as refusal:
        login(house)
    assert refusal.value.code == "bad_credentials"
