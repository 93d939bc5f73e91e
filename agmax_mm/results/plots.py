"""Learning curves and other plots, drawn without a display."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agmax_mm.fileio import atomic_path
from agmax_mm.metrics import TOP1_ERROR
from agmax_mm.results.escape import in_lines
from agmax_mm.results.letters import make_texts_drawable
from agmax_mm.results.runs import Run
from agmax_mm.results.statistics import Moments, moments, moments_text

# Told apart also by people who do not see all colours (Okabe and Ito).
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8d8d00', '#7f3b08', '#5e3c99', '#8a8a8a')


def learning_curves(
    groups: Mapping[str, Sequence[Run]], path: str | os.PathLike[str], keys: Sequence[tuple[str, str]]
) -> None:
    """Draw one panel for each ``(split, key)`` of the histories, one line for each group of repeats.

    A line is the mean over the runs, with a band of one sample standard deviation to both sides where there are two.
    The axis counts epochs; where a run has none, it counts steps.

    Args:
        groups: Repeats by the name in the legend.
        path: Picture file to write.
        keys: What to draw: ``('train', 'loss_cls')``, ``('val', 'accuracy/top1')``, ...
    """
    figure, panels = new_figure(1, len(keys), width=4.6 * len(keys), height=3.2)
    lengths = [run.steps_per_epoch() for runs in groups.values() for run in runs]
    in_epochs = all(lengths)
    for panel, (split, key) in zip(panels[0], keys, strict=True):
        for colour, (name, runs) in zip(COLOURS, groups.items(), strict=False):
            curves = []
            for run in runs:
                steps, values = run.curve(split, key)
                scale = (run.steps_per_epoch() or 1.0) if in_epochs else 1.0
                curves.append(
                    {step / scale: run.printed(key, value) for step, value in zip(steps, values, strict=True)}
                )
            marker = 'o' if split == 'val' else ''
            _draw_mean(panel, curves, colour=colour, label=in_lines(name, 64), marker=marker)
        _label_axis(panel, 'epoch' if in_epochs else 'step')
        title = next(iter(groups.values()))[0].label(key).replace('_', ' ')
        panel.set_title(title + (' (test)' if split == 'val' else ' (training)'))
    _add_legend(figure, panels[0][0], fontsize=8)
    save_figure(figure, path)


def _draw_mean(
    panel: Any, curves: Sequence[Mapping[Any, float]], *, colour: str, label: str, marker: str = ''
) -> NDArray[np.float64]:
    """Draw the mean of curves over those that have come to a place, with its band.

    Returns:
        The upper edge of what was drawn.
    """
    places = sorted(set().union(*curves))
    found = [moments([curve[place] for curve in curves if place in curve]) for place in places]
    means = np.array([entry.mean for entry in found])
    spreads = np.array([entry.std or 0.0 for entry in found])
    panel.plot(places, means, label=label, color=colour, marker=marker, markersize=3.5, linewidth=1.5)
    if len(curves) > 1:
        panel.fill_between(places, means - spreads, means + spreads, color=colour, alpha=0.2, linewidth=0)
    return means + spreads


def _add_legend(figure: Any, panel: Any, fontsize: int) -> None:
    """Put the lines' names above the panels, and make the figure so much taller."""
    handles, labels = panel.get_legend_handles_labels()
    lines = sum(label.count('\n') + 1 for label in labels)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 1.45 * lines * fontsize / 72)
    figure.legend(handles, labels, loc='outside upper left', frameon=False, fontsize=fontsize)


def _label_axis(panel: Any, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    panel.set_xlabel(name)
    # No half epochs; and a single one needs a mark, too.
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.grid(alpha=0.25)
    panel.spines[['top', 'right']].set_visible(False)


def error_curves(groups: Mapping[str, Sequence[Run]], path: str | os.PathLike[str]) -> None:
    """Draw the top-1 error after each epoch, one line for each group of repeats, as in the CutMix paper's Figure 2.

    A line is the mean over the runs that have come to an epoch, with a band of one sample standard deviation to both
    sides where there are two. The legend has the best and the last error, as means of each run's own.

    Args:
        groups: Runs of one recipe by the name in the legend, each with at least one validation.
        path: Picture file to write.
    """
    figure, ((panel,),) = new_figure(1, 1, width=7.2, height=4.2)
    highest = 0.0
    for colour, (name, runs) in zip(COLOURS, groups.items(), strict=False):
        curves = [run.errors_by_epoch() for run in runs]
        upper = _draw_mean(panel, curves, colour=colour, label=in_lines(_error_label(name, runs, curves), 84))
        highest = max(highest, *upper[len(upper) // 20 :])
    panel.set_ylabel(TOP1_ERROR.label)
    # The first of many epochs would take half of the picture.
    panel.set_ylim(top=1.04 * highest)
    _label_axis(panel, 'epoch')
    _add_legend(figure, panel, fontsize=9)
    save_figure(figure, path)


def _error_label(name: str, runs: Sequence[Run], curves: Sequence[Mapping[int, float]]) -> str:
    best = moments_text([min(curve.values()) for curve in curves])
    last = moments_text([curve[max(curve)] for curve in curves])
    notes = [f'n = {len(runs)}'] if len(runs) > 1 else []
    notes += sorted({run.status for run in runs} - {'completed'})
    return f'{name}: best {best}, last {last}' + (f' ({", ".join(notes)})' if notes else '')


@dataclass(frozen=True)
class Dots:
    """Values of one arm by category.

    Attributes:
        ours: Mean and spread of what was measured.
        paper: What the paper prints.
    """

    ours: Mapping[str, Moments]
    paper: Mapping[str, float]


def dot_plot(
    categories: Sequence[str], arms: Mapping[str, Dots], path: str | os.PathLike[str], *, title: str, label: str
) -> None:
    """Draw a dot for each category and arm, with one standard deviation to both sides; hollow ones for the paper's.

    Args:
        categories: From left to right.
        arms: Values by the name in the legend.
        path: Picture file to write.
        title: Title of the picture.
        label: What is measured, for the axis.
    """
    figure, ((panel,),) = new_figure(1, 1, width=max(6.0, 1.1 * len(categories)), height=3.8)
    for number, (colour, (name, dots)) in enumerate(zip(COLOURS, arms.items(), strict=False)):
        # Beside each other, so that no arm hides another one.
        shift = 0.5 * ((number + 0.5) / min(len(arms), len(COLOURS)) - 0.5)
        places = [categories.index(category) + shift for category in dots.ours]
        means = [entry.mean for entry in dots.ours.values()]
        spreads = [entry.std or 0.0 for entry in dots.ours.values()]
        panel.errorbar(
            places, means, spreads, fmt='o', color=colour, capsize=2.5, markersize=5, label=in_lines(name, 64)
        )
        places = [categories.index(category) + shift for category in dots.paper]
        panel.plot(places, list(dots.paper.values()), 'D', color=colour, fillstyle='none', markersize=6)
    panel.set(xticks=range(len(categories)), xticklabels=categories, ylabel=label, title=in_lines(title, 64))
    panel.grid(axis='y', alpha=0.25)
    panel.spines[['top', 'right']].set_visible(False)
    _add_legend(figure, panel, fontsize=9)
    save_figure(figure, path)


def precision_recall(
    records: Mapping[str, Mapping[str, Any]], classes: Sequence[str], path: str | os.PathLike[str]
) -> None:
    """Draw one panel for each class, one line per run, dashed for the mean over overlaps where it was measured.

    Args:
        records: What :class:`agmax_mm.detection.record.DetectionRecordHook` wrote, by the name in the legend.
        classes: Class names; a run without objects of one has no line there.
        path: Picture file to write.
    """
    columns = min(len(classes), 4)
    rows = -(-len(classes) // columns)
    figure, panels = new_figure(rows, columns, width=3.1 * columns + 0.4, height=2.9 * rows)
    for panel, name in zip(panels.flat, classes, strict=False):
        for colour, (run, record) in zip(COLOURS, records.items(), strict=False):
            curve = record['curves'].get(name)
            if curve is None:
                continue
            scores = [curve[key] for key in ('ap50', 'ap') if key in curve]
            text = ' / '.join(f'{100 * score:.1f}' for score in scores)
            panel.plot(
                record['recall'],
                curve['precision50'],
                color=colour,
                linewidth=1.6,
                label=in_lines(f'{run}: {text}', 36),
            )
            if 'precision' in curve:
                panel.plot(record['recall'], curve['precision'], color=colour, linewidth=1.2, linestyle='--')
        panel.set(xlim=(0, 1), ylim=(0, 1.03), xlabel='recall', ylabel='precision', title=in_lines(name, 36))
        panel.grid(alpha=0.25)
        panel.spines[['top', 'right']].set_visible(False)
        panel.legend(frameon=False, fontsize=7, loc='best')
    for panel in panels.flat[len(classes) :]:
        panel.set_visible(False)
    save_figure(figure, path)


def new_figure(rows: int, columns: int, *, width: float, height: float) -> tuple[Any, Any]:
    """A figure without a display, in inches, and its panels, an array of shape ``(rows, columns)``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not pyplot, which keeps every figure and may look for a display.
    figure = Figure(figsize=(width, height), layout='constrained')
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def save_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure to a picture file, whole or not at all."""
    make_texts_drawable(figure)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130, facecolor='white')
