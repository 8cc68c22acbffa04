"""Two processes' buses without a Redis between them: what one tells is carried to the other when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from server.bus.parcels import Waiting
from server.services.ports import Alone, Facts


class Wire(Alone):
    """One end. Bodies are encoded and decoded as on the real bus; nothing arrives before `carry`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting = Waiting()
        self.others: list[Wire] = []
        self.listeners: dict[str, Callable[[str, bytes, bool], object]] = {}
        self.facts: list[Facts[Any]] = []

    def tell(self, topic: str, body: msgspec.Struct) -> None:
        self.waiting.put(topic, msgspec.msgpack.encode(body))

    def tell_later(self, topic: str, make: Callable[[], msgspec.Struct]) -> None:
        self.waiting.put(topic, make)

    def tell_facts(self, topic: str, facts: Sequence[msgspec.Struct]) -> None:
        self.waiting.put(topic, msgspec.msgpack.encode(facts))

    def hear(self, topic: str, kind: Any, listener: Callable[[Any], None], *, patient: bool = False) -> None:
        self.listeners[topic] = lambda _name, data, _whole: listener(msgspec.msgpack.decode(data, type=kind))

    def share(self, facts: Facts[Any]) -> None:
        kind: Any = list[facts.kind]  # type: ignore[name-defined]
        self.facts.append(facts)
        self.listeners[facts.topic] = lambda name, data, whole: facts.heard(
            name, msgspec.msgpack.decode(data, type=kind), whole=whole
        )

    def measures(self) -> Mapping[str, float]:
        return {"waiting": float(len(self.waiting))}

    def tell_whole(self) -> None:
        """Tell everything, as on a subscription."""
        for facts in self.facts:
            self.waiting.put(facts.topic, facts.whole, whole=True)

    def carry(self) -> None:
        """Have the others hear what waits."""
        for item in self.waiting.take():
            for other in self.others:
                other.listeners[item.topic](self.name, bytes(item.body), item.whole)

    def lose(self) -> None:
        """What waits is heard by nobody."""
        self.waiting.take()

    def die(self) -> None:
        """The others notice that this process is gone."""
        for other in self.others:
            for facts in other.facts:
                facts.gone(self.name)


def wires() -> tuple[Wire, Wire]:
    """Two ends that belong together."""
    one, two = Wire("w1-one"), Wire("w2-two")
    one.others, two.others = [two], [one]
    return one, two
