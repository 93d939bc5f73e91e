"""A page of all results: tables in the papers' form, plots, and sheets of what the network was fed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from agmax_mm.results.page import Figure, Page, Section, Text
from agmax_mm.results.pictures import picture_grid
from agmax_mm.results.table_files import write_page
from agmax_mm.robustness.contract import Condition
from agmax_mm.robustness.network import Network
from agmax_mm.robustness.pgd import disagreements
from agmax_mm.robustness.suite import Measurement

_IMAGES = 4
_AGREEMENT = 'FGSM and PGD tell the same: many steps hurt each model more than one, and the models keep their order.'
_CONDITIONS = 8


def build_page(measured: Measurement, folder: Path | None, sheets: Mapping[str, str] | None = None) -> Page:
    """The page of a measurement.

    Args:
        measured: All results.
        folder: Where plots are written; None for tables alone.
        sheets: Pictures in that folder by suite.
    """
    sections = []
    for name, suite in measured.suites.items():
        blocks = list(suite.blocks(measured.results(name), folder))
        if name == 'pgd' and 'fgsm' in measured.suites:
            lines = disagreements(measured.results('fgsm'), measured.results('pgd'))
            blocks += [Text(line) for line in lines or [_AGREEMENT]]
        if sheets and name in sheets:
            blocks.append(Figure(sheets[name], 'What the network was fed, evenly chosen conditions and images.'))
        sections.append(Section(name, blocks))
    lead = f'{", ".join(measured.files)} on {len(measured.data)} images.'
    return Page('Robustness', lead, sections)


def write_report(measured: Measurement, folder: str, sheets: Mapping[str, str] | None = None) -> None:
    """Write ``report.md``, ``index.html`` and the plots."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    write_page(build_page(measured, Path(folder), sheets), folder)


def draw_sheets(measured: Measurement, folder: str) -> dict[str, str]:
    """Draw a few images under evenly chosen conditions of each suite, as the first network was fed them.

    Returns:
        File names by suite; none for detectors.
    """
    network = measured.network(next(iter(measured.files)))
    if not isinstance(network, Network):
        return {}
    data = replace(measured.data.some(_IMAGES), batch_size=_IMAGES, workers=0)
    names = {}
    for suite, conditions in measured.conditions.items():
        rows: list[list[np.ndarray]] = []
        titles: list[str] = []
        for condition in _chosen(conditions):
            network.fed = None
            with network.recording():
                measured.suites[suite].measure(network, data, _with_few_images(condition))
            if not measured.first:
                continue
            assert isinstance(network.fed, Tensor)
            # Rounding to levels is for the eye alone.
            pictures = network.fed[:_IMAGES].round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
            rows.append([np.ascontiguousarray(picture) for picture in pictures])
            titles.append(_title(condition))
        if measured.first:
            names[suite] = f'{suite}_fed.png'
            picture_grid(rows, Path(folder) / names[suite], row_titles=titles)
    return names


def _with_few_images(condition: Condition) -> Condition:
    """Ask for a few images of noise, which has no images of its own to choose from."""
    return {**condition, 'images': _IMAGES} if 'images' in condition else condition


def _chosen(conditions: Sequence[Condition]) -> list[Condition]:
    places = torch.linspace(0, len(conditions) - 1, min(_CONDITIONS, len(conditions))).long().tolist()
    return [conditions[place] for place in places]


def _title(condition: Condition) -> str:
    shown = ('corruption', 'severity', 'protocol', 'eps', 'region', 'kind', 'share', 'side', 'set', 'form')
    words = [condition[name] for name in shown if name in condition]
    return '\n'.join(f'{word:.2g}' if isinstance(word, float) else str(word) for word in words)
