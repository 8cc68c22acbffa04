"""The model of people found shows the newest search, whole, under Qt's own model tester."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from desktop.models.people_model import PeopleModel
from desktop.models.roles import Role
from protocol.shapes import User

PEOPLE = st.lists(st.integers(1, 50), max_size=8, unique=True)


def user(number: int) -> User:
    return User(user_id=number, username=f"u{number}", display_name=f"Person {number}")


@given(searches=st.lists(PEOPLE, min_size=1, max_size=5))
def test_each_search_replaces_the_last(qapp: QApplication, searches: list[list[int]]) -> None:
    model = PeopleModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for found in searches:
        model.show_people([user(number) for number in found])
        assert [model.index(row).data(Role.KEY) for row in range(model.rowCount())] == found
    tester.deleteLater()


def test_a_person_is_named_twice(qapp: QApplication) -> None:
    model = PeopleModel()
    model.show_people([user(7)])
    assert model.index(0).data() == "Person 7, @u7"
    assert model.index(0).data(Role.ROW) == user(7)
    assert model.index(1).data(Role.ROW) is None
