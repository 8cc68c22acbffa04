"""Who the sample people are: what they are called, what they say of themselves, and how they look."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from server.sample.files import Looks


class SamplePerson(Struct, frozen=True, kw_only=True):
    """Somebody of the sample with the keys to act for them; printed for the demo, kept nowhere.

    `groups`: title → conversation id of those they are in.
    """

    username: str
    display_name: str
    user_id: int
    password: str
    token: str
    groups: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody before they have an account; without looks they have no picture."""

    username: str
    display_name: str
    status_text: str
    looks: Looks | None


_ANNA = Looks((124, 92, 252), (236, 196, 166), (92, 54, 34), hair_is_long=True)
_MAYA = Looks((247, 147, 30), (112, 72, 50), (26, 20, 22), hair_is_long=True)
_RAVI = Looks((39, 174, 96), (172, 118, 80), (32, 26, 26))
_JUN = Looks((235, 87, 87), (242, 208, 172), (30, 28, 34))
ROLES = (
    Role("anna", "Anna Novak", "Site office, second floor", _ANNA),
    Role("maya", "Maya Okafor", "On the quay until four", _MAYA),
    Role("sofia", "Sofia Berg", "City office", None),
    Role("ravi", "Ravi Iyer", "", _RAVI),
    Role("tomas", "Tomás Hale", "Reachable by phone", None),
    Role("jun", "Jun Kimura", "Measuring", _JUN),
)
