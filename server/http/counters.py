"""What /metrics tells: requests and their times by route, in Prometheus' text form."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

MEASURES = "hearth_measures"
"""Where the application keeps, among its extensions, what else has numbers to tell: `() -> {name: value}`."""
Measure = Callable[[], Mapping[str, float]]

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; the upper ends of the histogram's buckets (Prometheus' own defaults)."""
_ENDS = (*_BOUNDS, float("inf"))


class Counters:
    """Counts requests of this process."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[float] = Counter()
        self._seconds = 0.0

    def count(self, route: str, status: int, seconds: float) -> None:
        """One answered request."""
        self._answers[route, status] += 1
        self._seconds += seconds
        self._buckets[_ENDS[bisect_left(_ENDS, seconds)]] += 1

    def text(self, measures: Sequence[Measure] = ()) -> str:
        """Everything, with what others have measured, as Prometheus reads it (text format 0.0.4)."""
        lines = ["# TYPE hearth_requests_total counter"]
        lines += [
            f'hearth_requests_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self._answers.items())
        ]
        return "\n".join([*lines, *self._histogram(), *_measured(measures)]) + "\n"

    def _histogram(self) -> list[str]:
        """The request times, cumulative as Prometheus wants them."""
        lines, total = ["# TYPE hearth_request_seconds histogram"], 0
        for bound in _ENDS:
            total += self._buckets[bound]
            label = "+Inf" if bound == float("inf") else f"{bound:g}"
            lines.append(f'hearth_request_seconds_bucket{{le="{label}"}} {total}')
        return [*lines, f"hearth_request_seconds_sum {self._seconds:.6f}", f"hearth_request_seconds_count {total}"]


def _measured(measures: Sequence[Measure]) -> list[str]:
    """The lines of what others have measured; a name in `_total` only ever grows."""
    numbers = {name: value for measure in measures for name, value in measure().items()}
    return [
        line
        for name, value in sorted(numbers.items())
        for line in (f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}", f"{name} {value:g}")
    ]
