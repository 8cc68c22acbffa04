"""Accounts: who may open one, what they may be called, and that guessing passwords leads nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from protocol.accounts import Login, ProfileChange, Register, UserQuery
from protocol.commands import OpenConversation
from protocol.errors import Refused
from protocol.limits import Limits
from server.app import HashingThreads
from server.services.attempts import Attempts, network
from server.services.house import House
from server.services.names import Names
from server.services.passwords import OffHub, Passwords
from tests.server.accounts.people import PASSWORD, Listener, login, register

T = TypeVar("T")

HouseFactory = Callable[..., House]


def _register(house: House, **fields: str) -> str:
    """The code with which registering is refused, or "done"."""
    body = {"username": "ada", "password": PASSWORD, "display_name": "Ada", **fields}
    try:
        house.accounts.register(Register(**body))
    except Refused as refusal:
        return str(refusal.code)
    return "done"


def test_a_closed_server_opens_no_accounts(make_house: HouseFactory) -> None:
    house = make_house(registration="closed")
    assert _register(house, invite=house.accounts.create_invite()) == "registration_closed"
    house.accounts.create_user("ada", password=PASSWORD)
    assert login(house).user.username == "ada"


def test_an_invite_is_spent_once_and_by_nobody_refused(make_house: HouseFactory) -> None:
    house = make_house(registration="invite")
    code = house.accounts.create_invite()
    assert _register(house) == "invite_invalid"
    assert _register(house, invite="guess") == "invite_invalid"
    assert _register(house, invite=code, password="short") == "weak_password"
    assert _register(house, invite=code) == "done"
    assert _register(house, invite=code, username="bob") == "invite_invalid"


def test_a_taken_name_does_not_cost_the_invite(make_house: HouseFactory) -> None:
    house = make_house(registration="invite")
    house.accounts.create_user("ada", password=PASSWORD)
    code = house.accounts.create_invite()
    assert _register(house, invite=code, username="ADA") == "username_taken"
    assert _register(house, invite=code, username="bob") == "done"


def test_the_last_use_of_an_invite_goes_to_one(make_house: HouseFactory) -> None:
    house = make_house(registration="invite")
    code = house.accounts.create_invite(uses=2)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: _register(house, invite=code, username=f"user{n}"), range(6)))
    assert sorted(answers) == ["done"] * 2 + ["invite_invalid"] * 4


def test_an_old_invite_is_none(make_house: HouseFactory) -> None:
    house = make_house(registration="invite")
    code = house.accounts.create_invite()
    house.database.write(lambda unit: unit.connection.execute(text("UPDATE invites SET expires_at = 1")))
    assert _register(house, invite=code) == "invite_invalid"


def test_one_name_for_one_person(house: House) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: _register(house, username=["ada", "Ada", "ADA", "ａｄａ"][n]), range(4)))
    assert sorted(answers) == ["done"] + ["username_taken"] * 3


@pytest.mark.parametrize(
    "name",
    ["a", "", " ", "x" * 33, "ada lovelace", "ada\n", "-ada", "ada.", "аda", "a\u200bda", "a\u202eda", "a😀", "\0ab"],
)
def test_a_confusing_user_name_is_refused(house: House, name: str) -> None:
    assert _register(house, username=name) == "invalid_name"


@pytest.mark.parametrize("name", ["ada", "Ada.Lovelace", "o-brien", "用户名", "Ольга", "zoë", "x_1"])
def test_people_write_in_every_script(house: House, name: str) -> None:
    assert _register(house, username=name) == "done"
    assert login(house, name).user.username == name


@pytest.mark.parametrize("name", ["", " \n ", "\u202e\u200b", "x" * 65, "a" + "\u0301" * 9])
def test_a_name_nobody_could_read_is_refused(house: House, name: str) -> None:
    actor = house.accounts.authenticate(register(house).access_token)
    with pytest.raises(Refused) as refusal:
        house.accounts.change_profile(actor, ProfileChange(display_name=name))
    assert refusal.value.code == "invalid_name"


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_no_name_breaks_the_judge(name: str) -> None:
    names = Names(Limits())
    for judge in (names.username, names.display_name, names.status_text):
        try:
            cleaned = judge(name)
        except Refused:
            continue
        assert judge(cleaned) == cleaned
    assert names.device_name(name)


@pytest.mark.parametrize("password", ["", "short", "x" * 257, "aaaaaaaaaaaa", "ada ada ada!"])
def test_a_weak_password_is_refused(house: House, password: str) -> None:
    assert _register(house, password=password) == "weak_password"


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=10, max_size=40).filter(lambda text: len(set(text)) > 5))
def test_every_password_that_is_taken_opens_the_door(house: House, password: str) -> None:
    if _register(house, username="pat", password=password) == "username_taken":
        house.accounts.reset_password("pat", password)
    assert login(house, "pat", password).user.username == "pat"


def test_wrong_name_and_wrong_password_are_one_answer(house: House) -> None:
    register(house)
    answers = []
    for name, password in (("ada", "wrong password"), ("nobody", PASSWORD), ("", ""), ("x" * 9999, "y" * 99999)):
        with pytest.raises(Refused) as refusal:
            login(house, name, password)
        answers.append((refusal.value.code, refusal.value.message, refusal.value.details))
    assert len(set(map(repr, answers))) == 1


class CountingHub(OffHub):
    """Counts how often somebody hashes."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, work: Callable[[], T]) -> T:
        self.runs += 1
        return work()


def test_an_unknown_name_hashes_like_a_wrong_password() -> None:
    hub = CountingHub()
    passwords = Passwords(Limits(), hub)
    known = passwords.hash(PASSWORD)
    assert not passwords.verify(known, "wrong password")
    assert not passwords.verify(None, "wrong password")
    assert hub.runs == 3
    assert passwords.stand_in.rsplit("$", 2)[0] == known.rsplit("$", 2)[0], "the same cost for both"


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _admitted(attempts: Attempts, address: str = "192.0.2.7", account: str = "ada") -> bool:
    try:
        attempts.admit(address, account)
    except Refused as refusal:
        return not (refusal.code == "rate_limited" and (refusal.retry_after_s or 0) >= 1)
    return True


def test_five_tries_a_minute_then_a_growing_delay_with_an_end() -> None:
    clock = Clock()
    attempts = Attempts(5, enabled=True, clock=clock)
    assert [_admitted(attempts) for _ in range(6)] == [True] * 5 + [False]
    waits = []
    for _ in range(8):
        began = clock.now
        while not _admitted(attempts):
            clock.now += 1
        waits.append(clock.now - began)
    assert waits == sorted(waits)
    assert waits[0] < 20 < waits[-1] <= 300


def test_guessing_from_elsewhere_does_not_lock_the_owner_out() -> None:
    attempts = Attempts(5, enabled=True, clock=Clock())
    for _ in range(50):
        _admitted(attempts, "198.51.100.1")
    assert _admitted(attempts, "192.0.2.7")
    assert not _admitted(attempts, "198.51.100.2"), "the neighbourhood counts as one"


def test_tries_while_waiting_do_not_lengthen_the_wait() -> None:
    clock = Clock()
    attempts = Attempts(5, enabled=True, clock=clock)
    for _ in range(500):
        _admitted(attempts)
    clock.now += 16
    assert _admitted(attempts)


def test_a_right_password_and_a_quiet_time_forgive() -> None:
    clock = Clock()
    attempts = Attempts(5, enabled=True, clock=clock)
    for _ in range(5):
        _admitted(attempts)
    attempts.forget("192.0.2.7", "ada")
    assert [_admitted(attempts) for _ in range(6)] == [True] * 5 + [False]
    clock.now += 3600
    assert [_admitted(attempts) for _ in range(6)] == [True] * 5 + [False]


def test_tries_are_forgotten_rather_than_filling_memory() -> None:
    attempts = Attempts(5, enabled=True, clock=Clock())
    for number in range(10_050):
        attempts.admit("192.0.2.7", str(number))
    assert len(attempts._tries) <= 10_000  # noqa: SLF001 - how much is kept can be seen nowhere else


def test_addresses_count_by_neighbourhood() -> None:
    assert network("192.0.2.7") == network("192.0.2.200") != network("192.0.3.7")
    assert network("2001:db8::1") == network("2001:db8::ffff") != network("2001:db8:0:1::1")
    assert network("") == ""


def test_the_limit_holds_at_the_door(make_house: HouseFactory) -> None:
    house = make_house(rate_limits=True)
    register(house)
    codes = []
    for _ in range(7):
        with pytest.raises(Refused) as refusal:
            house.accounts.login(Login(username="Ada", password="wrong password"), "192.0.2.7")
        codes.append(str(refusal.value.code))
    assert codes == ["bad_credentials"] * 5 + ["rate_limited"] * 2
    assert login(house, address="198.51.100.9").user.username == "ada"


def test_a_team_registers_in_one_go_and_a_flood_does_not(make_house: HouseFactory) -> None:
    house = make_house(rate_limits=True)
    codes = [_register(house, username=f"user{number}") for number in range(22)]
    assert codes == ["done"] * 20 + ["rate_limited"] * 2


def test_a_profile_is_told_to_those_who_see_it(house: House, listener: Listener) -> None:
    ada, bob, eve = (house.accounts.authenticate(register(house, name).access_token) for name in ("ada", "bob", "eve"))
    house.conversations.open_direct(ada, OpenConversation(participant1_id=ada.user_id, participant2_id=bob.user_id))
    listener.announced.clear()
    before = house.accounts.me(ada)
    after = house.accounts.change_profile(ada, ProfileChange(display_name="Ada  King", status_text="at tea"))
    assert (after.display_name, after.status_text, after.version) == ("Ada King", "at tea", before.version + 1)
    [told] = listener.announced
    assert (told.event, told.payload, set(told.user_ids)) == ("user_updated", after, {ada.user_id, bob.user_id})
    assert house.accounts.change_profile(ada, ProfileChange()) == after
    assert eve.user_id not in told.user_ids


def test_people_are_found_by_part_of_a_name_without_accents(house: House) -> None:
    actor = house.accounts.authenticate(register(house, "searcher").access_token)
    for name in ("zoë", "ada.lovelace", "percent_x"):
        register(house, name)

    def found(query: str) -> list[str]:
        return [user.username for user in house.accounts.search(actor, UserQuery(query=query))]

    assert found("zoe") == found("ZOË") == found("oë") == ["zoë"]
    assert found("love ada") == ["ada.lovelace"]
    assert found("searcher") == []
    assert found("t_x") == ["percent_x"]
    assert found("%") == found("_._") == []
    assert len(found("")) == 3
    assert len(house.accounts.search(actor, UserQuery(query="", limit=2))) == 2


def test_the_operator_opens_and_reopens_accounts(house: House, listener: Listener) -> None:
    assert not house.accounts.has_admin()
    user, password = house.accounts.create_user("root", role="admin")
    assert (user.role, len(password)) == ("admin", 20)
    assert house.accounts.has_admin()
    session = login(house, "root", password)
    new = house.accounts.reset_password("ROOT")
    assert listener.revoked == [(session.session_id, "password_changed")]
    assert login(house, "root", new).user == user
    for act in (lambda: house.accounts.reset_password("nobody"), lambda: house.accounts.create_token("nobody")):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "not_found"


def test_hashing_happens_in_another_thread_and_tells_its_errors() -> None:
    """Under gevent the hub's thread serves everybody; nothing slow may run in it."""
    threads = HashingThreads()
    assert threads.run(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda: 1 // 0)
    threads.close()
