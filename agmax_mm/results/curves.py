"""Lines by condition: any number of panels, and the table and plot of a sweep."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agmax_mm.metrics import Metric
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.results.plots import COLOURS, new_figure, save_figure


@dataclass(frozen=True)
class Line:
    """One line of a panel: its name in the legend, places and values."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    marker: str = 'o'
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """One panel: title, titles of the axes, and lines."""

    title: str
    x_title: str
    y_title: str
    lines: Sequence[Line]


def draw_lines(panels: Sequence[Panel], path: str | os.PathLike[str]) -> None:
    """Draw panels, at most four in a row, each with its own legend."""
    columns = min(len(panels), 4)
    rows = -(-len(panels) // columns)
    figure, grid = new_figure(rows, columns, width=4.4 * columns, height=3.4 * rows)
    for axes, panel in zip(grid.flat, panels, strict=False):
        colours = iter(COLOURS * (1 + len(panel.lines) // len(COLOURS)))
        for line in panel.lines:
            colour, style = ('#8a8a8a', '--') if line.dashed else (next(colours), '-')
            axes.plot(
                line.x,
                line.y,
                label=line.name,
                color=colour,
                linestyle=style,
                marker=line.marker,
                markersize=3.5,
                linewidth=1.6,
            )
        axes.set(title=panel.title, xlabel=panel.x_title, ylabel=panel.y_title)
        axes.grid(alpha=0.25)
        axes.spines[['top', 'right']].set_visible(False)
        axes.legend(frameon=False, fontsize=7)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    save_figure(figure, path)


def sweep_blocks(
    results: Mapping[str, Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]],
    folder: Path | None,
    *,
    name: str,
    metric: Metric,
    kinds: Mapping[str, str],
    kind: Callable[[Mapping[str, Any]], str],
    place: Callable[[Mapping[str, Any], Mapping[str, Any]], float],
    axis: str,
) -> Iterator[Text | Table | Figure]:
    """A table for each kind of a sweep, one row for each model, and one plot with a panel for each kind.

    Args:
        results: Conditions and values of each model.
        folder: Where the plot is written; None for none.
        name: Of the plot's file.
        metric: What is shown.
        kinds: What each kind is, in words, by its name.
        kind: The kind of a condition.
        place: Where on the axis a condition is.
        axis: What the axis is.
    """
    panels = []
    for key, words in kinds.items():
        lines = {
            model: {place(c, values): values[metric.name] for c, values in entries if kind(c) == key}
            for model, entries in results.items()
        }
        places = sorted({point for points in lines.values() for point in points})
        if not places:
            continue
        yield Text(f'{metric.label}, {key}: {words}. Columns: {axis}.')
        rows = [
            (model, *(f'{points[point]:.1f}' if point in points else '–' for point in places))
            for model, points in lines.items()
        ]
        yield Table(('model', *(f'{point:g}' for point in places)), rows)
        series = [Line(model, list(points), list(points.values())) for model, points in lines.items() if points]
        panels.append(Panel(key, axis, metric.label, series))
    if folder is not None and panels:
        draw_lines(panels, folder / f'{name}.png')
        yield Figure(f'{name}.png', f'{metric.label} by {axis}.')
