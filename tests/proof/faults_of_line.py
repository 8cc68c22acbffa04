"""Faults between desktop and server: slow, lossy, half-open and mixed-up lines, and readers who do not read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tests.proof.device import HASTY, until
from tests.proof.outcome import Outcome
from tests.proof.relay import Relay, Weather
from tests.proof.stage import Stage, chance

Dose = Mapping[str, int]

_PING_S = 2
_QUICK_PINGS = {"HEARTH_PING_INTERVAL_S": str(_PING_S), "HEARTH_PING_TIMEOUT_S": str(_PING_S)}


async def _behind_relay(stage: Stage, dose: Dose, weather: Weather, *, answer_s: float, digest_s: float = 3.0) -> Relay:
    """Everybody's devices behind one relay; one witness each has a good line."""
    stage.open()
    relay = Relay(stage.server.port, weather, stage.rng)
    await relay.open()
    await stage.bring(dose["devices"], url=relay.url, pace=replace(HASTY, answer_s=answer_s, digest_s=digest_s))
    for owner in stage.people:
        await stage.new_device(f"{owner}-witness", owner).start()
    return relay


async def _nothing() -> None:
    """No trouble beyond the weather."""


async def _in_weather(
    folder: Path, dose: Dose, seed: int, outcome: Outcome, weather: Weather, *, answer_s: float
) -> Outcome:
    """Traffic in bad weather, which clears at the end."""
    stage = Stage(folder, chance(seed), people=dose["people"])
    calm = Weather()
    relay = await _behind_relay(stage, dose, calm, answer_s=answer_s)
    relay.weather = weather
    await stage.under(dose["messages"], _nothing)
    relay.weather = calm
    outcome.notes.update(dropped=weather.dropped, doubled=weather.doubled, late=weather.delayed, resets=weather.resets)
    await stage.judge(outcome)
    await relay.close()
    await stage.close()
    return outcome


async def slow_and_lossy(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F7: 300 ms each way with as much jitter, 5 % of the pieces held up as by a lost packet, lines that break."""
    weather = Weather(latency_s=0.1, jitter_s=0.2, stall=0.05, stall_s=0.5, reset=0.002, slice_bytes=4_096)
    outcome = Outcome("F7", "slow and lossy lines", dose=dict(dose))
    return await _in_weather(folder, dose, seed, outcome, weather, answer_s=8.0)


async def mixed_up(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F10: one in ten Socket.IO packets is lost, one comes twice, and one comes late, in both directions."""
    weather = Weather(drop=0.1, double=0.1, late=0.1)
    outcome = await _in_weather(
        folder, dose, seed, Outcome("F10", "lost, doubled, late packets", dose=dict(dose)), weather, answer_s=2.0
    )
    outcome.expect(
        "packets were lost, doubled and late", holds=bool(weather.dropped and weather.doubled and weather.delayed)
    )
    return outcome


async def half_open(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F8: lines that fall silent without an end; the server lets go of them, and the desktops come back by new ones."""
    stage = Stage(folder, chance(seed), people=2, env=_QUICK_PINGS)
    relay = await _behind_relay(stage, dose, Weather(), answer_s=2.0)
    outcome = Outcome("F8", "half-open lines", dose=dict(dose))
    base = _open_files(stage)

    async def trouble() -> None:
        for _ in range(dose["rounds"]):
            await asyncio.sleep(0.3)
            relay.go_silent()
            back = await until(lambda: all(one.session.is_connected() for one in stage.devices), 30)
            outcome.expect("everybody is connected again", holds=back)

    await stage.under(dose["messages"], trouble, pause_s=0.1)
    await stage.settle()
    freed = await until(lambda: _open_files(stage) <= base + 8, 2 * _PING_S + 20)
    outcome.notes["open_files"] = f"{base} before, {_open_files(stage)} after"
    outcome.expect("the server has let go of the silent lines", holds=freed)
    await stage.judge(outcome)
    await relay.close()
    await stage.close()
    return outcome


def _open_files(stage: Stage) -> int:
    """How many files and sockets the server's process holds."""
    assert stage.server.process is not None
    return len(list(Path(f"/proc/{stage.server.process.pid}/fd").iterdir()))


def _memory_mb(stage: Stage) -> float:
    """The server's resident memory."""
    assert stage.server.process is not None
    pages = int(Path(f"/proc/{stage.server.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def slow_readers(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F9: desktops whose lines do not take what the server sends; it ends them, and nobody else waits."""
    stage = Stage(folder, chance(seed), people=2)
    weather = Weather()
    # Desktops that ask nothing do not find out by themselves that their line is dead: the server has to end it.
    relay = await _behind_relay(stage, dose, weather, answer_s=60.0, digest_s=600.0)
    outcome = Outcome("F9", "slow consumers", dose=dict(dose))
    witnesses = [device for device in stage.devices if device.seat.url == stage.server.url]
    (conversation_id,) = stage.conversations
    before_mb = _memory_mb(stage)
    weather.unread = True
    for number in range(dose["messages"]):
        device = witnesses[number % len(witnesses)]
        await device.say(conversation_id, f"{device.name} #{number} " + "x" * 15_000)
        await until(lambda device=device: device.unsent < 8, 30)  # type: ignore[misc]
        if "slow_consumer" in stage.server.log and number >= dose["messages"] // 4:
            break
    sent = await until(lambda: not any(device.unsent for device in witnesses), 30)
    outcome.expect("those with good lines wait for nobody", holds=sent)
    grown_mb = _memory_mb(stage) - before_mb
    outcome.notes["memory_grown_mb"] = round(grown_mb, 1)
    outcome.expect("memory stays bounded", holds=grown_mb < 60)
    outcome.expect("the server has ended a line that was not read", holds="slow_consumer" in stage.server.log)
    weather.unread = False
    await stage.judge(outcome, complaints=["slow_consumer", "not authenticated in time"])
    await relay.close()
    await stage.close()
    return outcome
