"""Differences with their intervals, one below the other: a drawing as SVG, readable on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1c2024; }
.paper { fill: #fcfcfd; } .line { stroke: #d9d9e0; } .zero { stroke: #60646c; } .soft { fill: #60646c; }
.head { font-weight: 600; } .end { text-anchor: end; } .middle { text-anchor: middle; }
.mark { stroke: #0072b2; stroke-width: 2; fill: #0072b2; } .open { fill: #fcfcfd; }
.said { stroke: #d55e00; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #edeef0; } .paper, .open { fill: #111113; } .line { stroke: #363a3f; } .zero { stroke: #b0b4ba; }
  .soft { fill: #b0b4ba; } .mark { stroke: #70b8ff; fill: #70b8ff; } .mark.open { fill: #111113; }
  .said { stroke: #ff9a56; }
}
"""
_LEFT, _PLOT, _RIGHT, _ROW, _MARGIN = 200, 320, 250, 24, 14


@dataclass(frozen=True)
class Difference:
    """One row.

    Attributes:
        name: What is compared.
        mean: The mean difference.
        interval: Its confidence interval; None for a single pair.
        n: The number of pairs.
        sure: Whether chance is ruled out, after the correction for the number of rows; such dots are filled.
        paper: What a paper says, drawn as a diamond, if anything.
    """

    name: str
    mean: float
    interval: tuple[float, float] | None
    n: int
    sure: bool
    paper: float | None = None

    @classmethod
    def from_json(cls, name: str, entry: Mapping[str, Any], *, paper: float | None = None) -> Difference:
        """The row of what a study's summary says of an arm."""
        p_value, interval = entry['p_holm'], entry['t_interval']
        ends = None if interval is None else (float(interval[0]), float(interval[1]))
        return cls(name, entry['mean'], ends, entry['n'], sure=p_value is not None and p_value < 0.05, paper=paper)

    def text(self) -> str:
        """The numbers of the row."""
        if self.interval is None:
            return f'{self.mean:+.2f}, n = {self.n}'
        return f'{self.mean:+.2f} ({self.interval[0]:+.2f} to {self.interval[1]:+.2f}), n = {self.n}'


def forest_svg(groups: Mapping[str, Sequence[Difference]], title: str, axis: str) -> str:
    """Draw a dot for each difference and a line for its interval, around a line at 0.

    Intervals that would make the others unreadable are cut, and end in an arrow.

    Args:
        groups: Rows below a title of their own.
        title: What the drawing shows, for those who cannot see it.
        axis: What is measured.
    """
    limit = _limit([row for rows in groups.values() for row in rows])
    step = _step(limit)
    limit = step * math.ceil(limit / step)
    body, y = [], _MARGIN
    top = y
    for group, rows in groups.items():
        body.append(f'<text class="head" x="{_MARGIN}" y="{y + 16}">{escape(group)}</text>')
        y += _ROW
        for row in rows:
            body += _row(row, y + _ROW // 2, limit)
            y += _ROW
    ticks = [step * number for number in range(-round(limit / step), round(limit / step) + 1)]
    grid = []
    for tick in ticks:
        x = _x(tick, limit)
        kind = 'line' if tick else 'zero'
        grid.append(f'<line class="{kind}" x1="{x:g}" y1="{top}" x2="{x:g}" y2="{y + 4}"/>')
        text = f'{tick:+g}' if tick else '0'
        grid.append(f'<text class="soft middle" x="{x:g}" y="{y + 20}">{text}</text>')
    y += 42
    label = f'<text class="soft middle" x="{_x(0, limit):g}" y="{y - 4}">{escape(axis)}</text>'
    width, height = _LEFT + _PLOT + _RIGHT, y + 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n'
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>'
    )
    return '\n'.join([head, *grid, *body, label, '</svg>', ''])


def _row(row: Difference, y: int, limit: float) -> Iterable[str]:
    yield f'<text x="{_MARGIN + 12}" y="{y + 4}">{escape(row.name)}</text>'
    if row.interval is not None:
        low, high = (min(max(end, -limit), limit) for end in row.interval)
        x1, x2 = _x(low, limit), _x(high, limit)
        yield f'<line class="mark" x1="{x1:g}" y1="{y}" x2="{x2:g}" y2="{y}"/>'
        for cut, x, way in ((row.interval[0] < low, x1, 1), (row.interval[1] > high, x2, -1)):
            shape = f'M{x + 6 * way:g} {y - 4} L{x:g} {y} L{x + 6 * way:g} {y + 4}' if cut else f'M{x:g} {y - 4} v8'
            yield f'<path class="mark{" open" if cut else ""}" d="{shape}"/>'
    if row.paper is not None and abs(row.paper) <= limit:
        x = _x(row.paper, limit)
        yield f'<path class="paper said" d="M{x:g} {y - 6} l5 6 l-5 6 l-5 -6 z"/>'
    x = _x(min(max(row.mean, -limit), limit), limit)
    yield f'<circle class="mark{"" if row.sure else " open"}" cx="{x:g}" cy="{y}" r="4.5"/>'
    yield f'<text class="end" x="{_LEFT + _PLOT + _RIGHT - _MARGIN}" y="{y + 4}">{escape(row.text())}</text>'


def _x(value: float, limit: float) -> float:
    return round(_LEFT + _PLOT * (value + limit) / (2 * limit), 1)


def _limit(rows: Sequence[Difference]) -> float:
    """The largest value on the axis: that of all means, and of the intervals that are not far longer."""
    said = [abs(row.paper) for row in rows if row.paper is not None]
    furthest = max((*(abs(row.mean) for row in rows), *said), default=0.0)
    ends = [abs(end) for row in rows if row.interval is not None for end in row.interval]
    return max(min(max(ends, default=0.0), 4 * furthest), furthest, 0.1)


def _step(limit: float) -> float:
    """A round distance of ticks, of which two to five lie on each side of 0."""
    power = 10.0 ** math.floor(math.log10(limit))
    return next(power * part for part in (0.2, 0.5, 1.0, 2.0, 5.0) if limit / (power * part) <= 5)
