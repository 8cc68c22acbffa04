"""`make bench`: durably acknowledged messages a second, ours against the reference, in interleaved rounds of one run.

Only the ratio means something: both servers share the machine with the load. The median of the rounds is told.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median, quantiles

from benchmarks.load import Pair, Tally, measure
from benchmarks.servers import hearth, reference

Serving = Callable[[Path, int], AbstractContextManager[tuple[str, list[Pair]]]]


def one_round(serving: Serving, options: argparse.Namespace) -> Tally:
    """A fresh server on a fresh database, loaded once."""
    with (
        tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder,
        serving(Path(folder), options.pairs) as (address, pairs),
    ):
        return asyncio.run(measure(address, pairs, options.outstanding, options.seconds))


def told(name: str, tally: Tally, seconds: float) -> str:
    """One line about one round."""
    p99_ms = quantiles(tally.waits_s, n=100)[98] * 1000
    rate, delivered = tally.acked / seconds, tally.delivered / seconds
    return (
        f"{name:10} {rate:8.0f} acked/s {delivered:8.0f} delivered/s   p99 {p99_ms:6.0f} ms   refused {tally.refused}"
    )


def arguments() -> argparse.Namespace:
    """The size of the load."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=25, help="pairs of people (25)")
    parser.add_argument("--outstanding", type=int, default=8, help="messages under way in each pair (8)")
    parser.add_argument("--seconds", type=float, default=5, help="measured seconds of a round (5)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each server (3)")
    return parser.parse_args()


def main() -> None:
    """Run the rounds one after the other and tell the ratio of their medians."""
    options = arguments()
    rates: dict[str, list[float]] = {"reference": [], "hearth": []}
    servings: dict[str, Serving] = {"reference": reference, "hearth": hearth}
    for number in range(options.rounds):
        for name, serving in servings.items():
            tally = one_round(serving, options)
            print(f"round {number + 1}  {told(name, tally, options.seconds)}", flush=True)
            rates[name].append(tally.acked / options.seconds)
    ratio = median(rates["hearth"]) / median(rates["reference"])
    print(
        f"\nhearth acknowledges {ratio:.1f} x the messages a second of Flask-SocketIO as documented, after COMMIT each."
    )


if __name__ == "__main__":
    main()
