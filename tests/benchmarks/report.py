"""How a benchmark speaks."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence


def report(
    benchmark: str,
    figure: str,
    value: float,
    unit: str,
    samples: int,
    *,
    baseline: str | None = None,
    baseline_value: float | None = None,
    **details: object,
) -> None:
    """Print one figure as a JSON line; `ratio` is value / baseline_value."""
    line: dict[str, object] = {
        "benchmark": benchmark,
        "figure": figure,
        "value": round(value, 3),
        "unit": unit,
        "samples": samples,
    }
    if baseline is not None and baseline_value:
        line |= {"baseline": baseline, "baseline_value": round(baseline_value, 3)}
        line["ratio"] = round(value / baseline_value, 3)
    sys.stdout.write(json.dumps(line | details) + "\n")
    sys.stdout.flush()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    if len(values) < 2:
        return values[0]
    cuts = statistics.quantiles(values, n=1000, method="inclusive")
    return cuts[max(0, min(len(cuts) - 1, round(share * 1000) - 1))]
