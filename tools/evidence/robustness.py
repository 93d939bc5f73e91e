"""The models of a study under corruptions and attacks: measured by the suites, put together arm by arm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agmax_mm.experiments.study import Study
from agmax_mm.experiments.training import is_complete
from agmax_mm.results.page import Page, Section, Table, Text
from agmax_mm.results.statistics import NONE, moments_text
from agmax_mm.robustness.suite import Measurement, open_measurement

SUITES = ('corruption', 'calibration', 'fgsm')
OPTIONS = {'corruption.severities': [3], 'fgsm.protocols': ['pixel'], 'fgsm.pixel_eps': [1.0, 2.0]}
# What is measured, in words with its unit, in the order of the columns.
FIGURES = {
    'clean_error': 'top-1 error (%)',
    'corruption_error': 'mean top-1 error under 15 corruptions (%)',
    'ece': 'expected calibration error (%)',
    'fgsm_1': 'top-1 under FGSM, eps 1/255 (%)',
    'fgsm_2': 'top-1 under FGSM, eps 2/255 (%)',
}


def last_checkpoints(study: Study, runs: Path) -> dict[str, tuple[str, int]]:
    """The last checkpoint of each finished run, with its arm and seed.

    Args:
        study: The study, or a part of it.
        runs: Folder of its runs.

    Raises:
        ValueError: If none is finished, or a finished one has no checkpoint.
    """
    found = {}
    for arm in study.arms:
        for seed in study.seeds:
            folder = runs / arm / f'seed_{seed}'
            if not is_complete(folder):
                continue
            named = folder / 'last_checkpoint'
            # It holds the path on the machine of the run.
            path = folder / Path(named.read_text(encoding='utf-8').strip()).name if named.is_file() else named
            if not path.is_file():
                raise ValueError(f'checkpoints: expected that of the finished run {str(folder)!r}, got none')
            found[str(path)] = (arm, seed)
    if not found:
        raise ValueError(f'checkpoints: expected finished runs of {study.name} in {str(runs)!r}, got none')
    return found


def measure(study: Study, runs: Path, *, every: int, workers: int | None, cache: str | None) -> dict[str, Any]:
    """Measure what is not measured yet, and put the figures of all models together.

    Args:
        study: The study, or a part of it.
        runs: Folder of its runs; the suites' own results go to ``robustness.json`` there.
        every: Take every so many test images.
        workers: Processes that load images; one for each core by default.
        cache: Folder for corrupted images.

    Returns:
        For programs: what was measured, on how many images, and for each arm and figure the values by seed.

    Raises:
        ValueError: As :func:`last_checkpoints`, and on anything wrong with data or checkpoints.
    """
    checkpoints = last_checkpoints(study, runs)
    place = {} if study.data_root is None else {'data_root': study.data_root}
    measured = open_measurement(
        str(study.base),
        list(checkpoints),
        SUITES,
        str(runs / 'robustness.json'),
        options=OPTIONS,
        workers=workers,
        cache=cache,
        work_dir=str(runs / 'logs' / 'robustness'),
        config_options={**place, 'test_dataloader.dataset.indices': list(range(0, 10_000, every))},
    )
    measured.fill()
    return grouped(measured, study, checkpoints)


def grouped(measured: Measurement, study: Study, checkpoints: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    """The figures of all models by arm, figure and seed."""
    arms: dict[str, dict[str, dict[str, float]]] = {}
    results = {suite: measured.results(suite) for suite in SUITES}
    for model, (path, _) in measured.files.items():
        arm, seed = checkpoints[path]
        values = figures({suite: found[model] for suite, found in results.items()})
        for name, value in values.items():
            arms.setdefault(arm, {}).setdefault(name, {})[str(seed)] = value
    return {'study': study.name, 'images': len(measured.data), 'figures': FIGURES, 'arms': arms}


def figures(results: Mapping[str, Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]]) -> dict[str, float]:
    """One model's figures.

    Args:
        results: Conditions and values by suite.
    """
    errors = {c['corruption']: values['corruption/top1_error'] for c, values in results['corruption']}
    clean = errors.pop('none')
    accuracies = {condition['eps']: values['fgsm/top1'] for condition, values in results['fgsm']}
    return {
        'clean_error': clean,
        'corruption_error': math.fsum(errors.values()) / len(errors),
        'ece': results['calibration'][0][1]['calibration/ece'],
        'fgsm_1': accuracies[1.0],
        'fgsm_2': accuracies[2.0],
    }


def robustness_page(found: Mapping[str, Any]) -> Page:
    """The page of what :func:`measure` returns."""
    rows = []
    for arm, values in found['arms'].items():
        cells = [moments_text(list(values[name].values())) if name in values else NONE for name in FIGURES]
        rows.append((arm, str(max(len(by_seed) for by_seed in values.values())), *cells))
    facts = [(name, str(value)) for name, value in found['setup'].items()]
    note = (
        f'Mean ± sample standard deviation over the runs, their last checkpoints on {found["images"]:,} test images. '
        'Corruptions: the 15 of ImageNet-C at severity 3, made on images of 32 px. FGSM in pixels, within 0 to 255.'
    )
    return Page(
        f'The models of {found["study"]} under corruptions and attacks',
        note,
        [
            Section('Figures', [Table(('arm', 'runs', *FIGURES.values()), rows)]),
            Section(
                'Setup', [Text('The suites: [robustness](../../docs/robustness.md).'), Table(('what', 'value'), facts)]
            ),
        ],
    )
