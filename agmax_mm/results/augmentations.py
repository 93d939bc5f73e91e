"""Scores by augmentation and arm, as in the AgMax paper's Figure 3."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agmax_mm.results.options import is_its_recipe, run_settings
from agmax_mm.results.page import Figure, Section, Text
from agmax_mm.results.plots import Dots, dot_plot
from agmax_mm.results.runs import Run, repeats
from agmax_mm.results.statistics import moments

# The order of the paper's tables.
AUGMENTATIONS = ('Standard', 'CutOut', 'MixUp', 'CutMix', 'AA', 'CutOut+AA', 'MixUp+AA', 'CutMix+AA')
_MIXING = ('CutOut', 'MixUp', 'CutMix')
# The settings that make the augmentation and the arm; runs that differ in others stand in panels of their own.
_OWN_SETTINGS = (
    'data_preprocessor.batch_augments',
    'data_preprocessor.image_augments',
    'data_preprocessor.num_views',
    'model.agreement',
    'model.head.loss',
    'model.num_views',
    'train_dataloader.dataset.pipeline',
)
_NOTE = (
    'Scores after the last epoch by augmentation, mean with one sample standard deviation to both sides over the '
    "seeds; hollow: the paper's figure for the recipe. The arm is what is trained beside the augmentation."
)


@dataclass
class _Panel:
    """Runs that differ in augmentation, arm and seed alone."""

    title: str
    label: str
    ours: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    paper: dict[tuple[str, str], float] = field(default_factory=dict)


def augmentation_sections(runs: Sequence[Run], folder: Path) -> list[Section]:
    """Draw the scores of runs by augmentation and arm, where there are two augmentations of otherwise equal runs.

    Args:
        runs: Runs and recipes that were not run.
        folder: Where the pictures go.
    """
    panels: dict[str, _Panel] = {}
    for group in repeats(runs):
        settings = run_settings(group[0])
        metrics = group[0].metrics() or list(group[0].paper())
        if settings is None or not metrics or 'train_dataloader.dataset.type' not in settings:
            continue
        metric = metrics[0]
        rest = {key: value for key, value in settings.items() if not key.startswith(_OWN_SETTINGS)}
        key = json.dumps([metric, rest], sort_keys=True, default=str)
        panel = panels.setdefault(key, _Panel(_title(settings), group[0].label(metric)))
        place = augmentation(settings), arm(settings)
        scores = [run.printed(metric, value) for run in group if (value := run.last(metric)) is not None]
        if scores:
            panel.ours.setdefault(place, []).extend(scores)
        printed = group[0].paper().get(metric)
        if printed is not None and is_its_recipe(group[0]):
            panel.paper[place] = printed
    figures: list[Figure] = []
    for panel in panels.values():
        if len({name for name, _ in (*panel.ours, *panel.paper)}) > 1:
            file = f'augmentations_{len(figures) + 1}.png'
            _draw(panel, folder / file)
            figures.append(Figure(file, f'{panel.title}: {panel.label} by augmentation and arm.'))
    return [Section('Augmentations and arms', [Text(_NOTE), *figures])] if figures else []


def augmentation(settings: Mapping[str, Any]) -> str:
    """The name of an augmentation in the paper, by the types in a run's settings."""
    mixing = _types(settings, 'data_preprocessor')
    names = [name for name in _MIXING if name in mixing]
    if 'AutoAugment' in _types(settings, 'train_dataloader'):
        names.append('AA')
    return '+'.join(names) or 'Standard'


def arm(settings: Mapping[str, Any]) -> str:
    """The arm of a run beside its augmentation: the baseline, two views alone, or an agreement of views."""
    agreement = settings.get('model.agreement.type') or settings.get('model.agreement')
    if agreement:
        name = str(agreement).rpartition('.')[2].removesuffix('Agreement')
        return 'AgMax' if name == 'MutualInfo' else f'AgMax, {name}'
    views = [value for key, value in settings.items() if key.endswith('.num_views') and isinstance(value, int)]
    if max(views, default=1) > 1:
        return 'two views'
    return 'label smoothing' if 'LabelSmoothLoss' in _types(settings, 'model.head') else 'baseline'


def _types(settings: Mapping[str, Any], beginning: str) -> set[str]:
    """The types named below a key, without their scope."""
    return {
        str(value).rpartition('.')[2]
        for key, value in settings.items()
        if key.startswith(beginning) and key.endswith('.type')
    }


def _title(settings: Mapping[str, Any]) -> str:
    """Network, data set and length."""
    network, data = (
        str(settings.get(key, '')).rpartition('.')[2]
        for key in ('model.backbone.type', 'train_dataloader.dataset.type')
    )
    depth, epochs = settings.get('model.backbone.depth'), settings.get('train_cfg.max_epochs')
    parts = [f'{network}-{depth}' if depth else network, data, f'{epochs} epochs' if epochs else '']
    return ', '.join(part for part in parts if part)


def _draw(panel: _Panel, path: Path) -> None:
    places = [*panel.ours, *panel.paper]
    names = sorted(
        {name for name, _ in places},
        key=lambda name: (AUGMENTATIONS.index(name) if name in AUGMENTATIONS else len(AUGMENTATIONS), name),
    )
    dots = {
        own: Dots(
            {name: moments(panel.ours[name, own]) for name in names if (name, own) in panel.ours},
            {name: panel.paper[name, own] for name in names if (name, own) in panel.paper},
        )
        for own in dict.fromkeys(own for _, own in places)
    }
    dot_plot(names, dots, path, title=panel.title, label=panel.label)
