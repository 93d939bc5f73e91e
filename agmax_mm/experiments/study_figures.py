"""The drawings of a study's page: differences with intervals, curves, and what fine-tuned detectors found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agmax_mm.experiments.study import Study
from agmax_mm.fileio import write_text
from agmax_mm.metrics import metric_label
from agmax_mm.results.detections import detection_sections, load_detections
from agmax_mm.results.forest import Difference, forest_svg
from agmax_mm.results.page import Figure, Section
from agmax_mm.results.plots import COLOURS, learning_curves
from agmax_mm.results.runs import Run

_FOREST_NOTE = (
    'Difference to the reference, which heads each group: mean over the seeds and 95 % t interval. A filled dot: p '
    'below 0.05 after the correction for the number of rows. An arrow: the interval goes on.'
)


def forest_groups(summary: Mapping[str, Any]) -> dict[str, list[Difference]]:
    """The differences that a study's summary has, by the arm that they are to."""
    groups: dict[str, list[Difference]] = {}
    for arm, entry in summary['arms'].items():
        if entry['difference'] is not None:
            groups.setdefault(entry['reference'], []).append(Difference.from_json(arm, entry['difference']))
    return groups


def forest_figure(summary: Mapping[str, Any], path: Path) -> list[Figure]:
    """Draw the differences of a summary; nothing where there are none.

    Args:
        summary: From :func:`agmax_mm.experiments.study_report.summarise_study`.
        path: SVG file to write, in a folder beside the page.
    """
    groups = forest_groups(summary)
    if not groups:
        return []
    label = f'difference of {metric_label(summary["metric"])}'
    write_text(forest_svg(groups, f'{label}, by arm', label), path)
    return [Figure(f'{path.parent.name}/{path.name}', _FOREST_NOTE)]


def curve_section(study: Study, runs: Sequence[Run], metric: str, folder: Path) -> list[Section]:
    """Draw loss and score by epoch, each reference with the arms that are compared with it in one picture.

    Args:
        study: What was compared.
        runs: Finished runs, whose configs are named after the arms.
        metric: What is reported.
        folder: Folder of the pictures, beside the page.
    """
    figures = []
    heads = [arm for arm in study.arms if arm not in study.references or arm in study.references.values()]
    for number, head in enumerate(heads, start=1):
        arms = [head, *(arm for arm, other in study.references.items() if other == head)]
        groups = {arm: [run for run in runs if Path(run.record['config']).stem == arm] for arm in arms[: len(COLOURS)]}
        groups = {arm: found for arm, found in groups.items() if found}
        drawn = [run for found in groups.values() for run in found]
        score = next((run.complement_of(metric) or metric for run in drawn), metric)
        # The cross-entropy: what an agreement adds to the loss has another scale.
        losses = [key for key in ('loss_cls', 'loss') if any(run.curve('train', key)[0] for run in drawn)]
        keys = [('train', losses[0])] if losses else []
        # A single validation is in the table.
        keys += [('val', score)] if any(len(run.curve('val', score)[0]) > 1 for run in drawn) else []
        if keys:
            folder.mkdir(parents=True, exist_ok=True)
            file = f'curves_{number}.png'
            learning_curves(groups, folder / file, keys)
            caption = f'By epoch: {head} and what is compared with it, mean and standard deviation over the runs.'
            figures.append(Figure(f'{folder.name}/{file}', caption))
    return [Section('Curves', figures)] if figures else []


def picture_sections(name: str, runs: Sequence[Run], folder: Path) -> list[Section]:
    """Draw what fine-tuned detectors found in test images, the first seed of each arm, and their precision and recall.

    Args:
        name: Of the fine-tuning.
        runs: Its runs; those whose folders are not there have no pictures.
        folder: Folder of the pictures, beside the page.
    """
    recorded = [run for run in runs if load_detections(run) is not None]
    if not recorded:
        return []
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    return [
        Section(
            f'{section.title}: {name}',
            [
                replace(block, file=f'{folder.name}/{name}/{block.file}') if isinstance(block, Figure) else block
                for block in section.blocks
            ],
        )
        for section in detection_sections(recorded, place)
    ]
