"""The page, the drawing and the sentences of the front page, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import agmax_mm.localization.metrics
import agmax_mm.speech.metrics  # noqa: F401  both declare what studies measured
from agmax_mm.metrics import metric_label
from agmax_mm.results.forest import Difference, forest_svg
from agmax_mm.results.page import Figure, Page, Section, Table, Text, render_markdown
from agmax_mm.results.reading import read_json
from agmax_mm.results.statistics import NONE, holm, moments_text
from tools.evidence.comparisons import FOLDER, Comparison, Found, compare, find
from tools.evidence.topics import AGREEMENTS, MAIN, REFERENCES, TOPICS

PAGE, DRAWING, README = 'docs/evidence.md', 'docs/assets/evidence.svg', 'README.md'
MARKS = ('<!-- evidence, by tools/make_evidence.py -->\n', '<!-- end of evidence -->\n')
_LEVELS = {
    'standard': 'standard',
    'cutmix': 'CutMix',
    'cutmix_aa': 'CutMix + AutoAugment',
    'cutout': 'CutOut',
    'mixup': 'Mixup',
    'aa': 'AutoAugment',
    'cutout_aa': 'CutOut + AutoAugment',
    'mixup_aa': 'Mixup + AutoAugment',
    'n500': '500 images',
    'n10000': '10,000 images',
    **{f'lr{rate}'.replace('.', '_'): f'rate {rate}' for rate in ('0.01', '0.03', '0.1', '0.3')},
}
_NAMES = {**AGREEMENTS, **REFERENCES, 'agmax': 'AgMax', 'cutmix_agmax': 'CutMix + AgMax', 'cutmix': 'CutMix'}
_SETUP = '2,000 images of CIFAR-10, a small network, mean and 95 % t interval'
_NOTE = (
    'Scores of the last epoch: mean ± sample standard deviation over the seeds. Differences are taken seed by seed: '
    'runs of one seed share the order of the images and the first weights. Intervals: 95 %, of the mean difference, by '
    "Student's t and by the percentile bootstrap, which is too narrow with few seeds. p: two-sided paired t-test, "
    "adjusted by Holm's method for the comparisons of one table. Beyond chance means p below 0.05. The paper's gain is "
    "what its table prints for its own, far larger runs, over one view; it chose each run's best epoch."
)

_REPEAT = (
    'Each table here is made from the tables of the studies by `python tools/make_evidence.py`. Each study is one '
    'command, too, which its page names; `STUDY.runs.jsonl` beside it holds the record of every run. One cell alone, '
    'such as `--arms cutmix-baseline --seeds 0`, gives the numbers of its record on the same processor with the same '
    'versions.'
)
_REPEATED = (
    'It was tried: `cutmix-baseline` with seed 0, from scratch, gave every loss and score of its record. The arms '
    'with mutual information were trained before its sums changed their order, which changes the last digits. '
    '`cutmix-mi` with seed 0 follows its record to all digits with the code of its day (commit c60f930, its first 10 '
    "epochs tried), and has 52.85 in place of 52.07 % at the end with today's: so much is chance in one run."
)


def expected_files(root: Path) -> dict[str, str]:
    """The text of the page, of the drawing and of the front page, by path in the checkout ``root``."""
    found = [find(topic, root) for topic in TOPICS]
    readme = (root / README).read_text(encoding='utf-8')
    for mark in MARKS:
        if readme.count(mark) != 1:
            raise ValueError(f'{README}: expected the line {mark.strip()!r} once, got it {readme.count(mark)} times')
    before, _, rest = readme.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    block = f'{MARKS[0]}{front_page(found[0])}\n{MARKS[1]}'
    measured = root / FOLDER / f'{MAIN}_robustness.json'
    robustness = read_json(measured, 'evidence') if measured.is_file() else None
    return {
        PAGE: render_markdown(page(found, robustness)),
        DRAWING: drawing(found[0]),
        README: f'{before}{block}{after}',
    }


def page(found: Sequence[Found], robustness: Mapping[str, Any] | None = None) -> Page:
    """The whole page.

    Args:
        found: What the studies have found, the main one first.
        robustness: What :func:`tools.evidence.robustness.measure` returned for the main study's models.
    """
    main = found[0]
    sections = [
        Section(
            'At a glance',
            [
                Text(f'{_SETUP}, {_seeds(main)}. {answer(main)}'),
                Figure('assets/evidence.svg', _caption(main)),
                Text(_NOTE),
            ],
        ),
        *_consequences(found),
        *(_section(one) for one in found if one.summary is not None),
        *([] if robustness is None else [_robustness(robustness)]),
        _not_run(found, robustness is not None),
        Section(
            'To repeat it',
            [
                Text(_REPEAT),
                Text(_REPEATED),
            ],
        ),
    ]
    lead = 'Measured here, at reduced scale, on processors. No figure of this page says anything about ImageNet.'
    return Page('Does AgMax help?', lead, sections)


def answer(main: Found, references: Mapping[str, str] = REFERENCES) -> str:
    """What the main study says, in a few sentences, of these references."""
    measured = [one for one in main.main if one.arm == 'mi' and one.difference]
    if not measured:
        return f'Nothing yet: {main.finished} of {main.planned} runs of the main study are finished.'
    parts = []
    for reference, words in references.items():
        listed = [f'{_LEVELS[one.level]} {_difference(one)}' for one in measured if one.reference == reference]
        if listed:
            parts.append(f'Against {words}, AgMax changes top-1 by these points: {"; ".join(listed)}.')
    sure = [one for one in main.main if one.sure]
    tested = sum(one.p_holm is not None for one in main.main)
    better = sum(one.difference is not None and one.difference.moments.mean > 0 for one in sure)
    if tested:
        parts.append(
            f"Of {tested} comparisons of AgMax and its authors' form, {better} show a gain and {len(sure) - better} a "
            'loss beyond chance, after the correction for their number.'
        )
    else:
        parts.append('One seed says nothing about chance.')
    if main.finished < main.planned:
        parts.append(f'Unfinished: {main.finished} of {main.planned} runs.')
    return ' '.join(parts)


def front_page(main: Found) -> str:
    """The lines of the front page."""
    setup = f'On 2,000 images of CIFAR-10 with a small network (mean and 95 % t interval, {_seeds(main)}):'
    said = answer(main, {name: REFERENCES[name] for name in ('baseline', 'twice')})
    links = f'[All comparisons, and speech and localisation]({PAGE}).'
    drawn = f'![{_caption(main)}]({DRAWING})\n\n' if _groups(main) else ''
    return f'{drawn}{setup} {said[0].lower()}{said[1:]} {links}'


def drawing(main: Found) -> str:
    """The main study's differences as SVG."""
    title = f'What AgMax adds to top-1 on 2,000 images of CIFAR-10, {_seeds(main)}'
    return forest_svg(_groups(main), title, 'points of top-1 (%)')


def _groups(main: Found) -> dict[str, list[Difference]]:
    groups: dict[str, list[Difference]] = {}
    for one in main.main:
        if one.arm == 'mi' and one.difference is not None:
            entry = {**one.difference.to_json(), 'p_holm': one.p_holm}
            row = Difference.from_json(_LEVELS[one.level], entry, paper=one.paper)
            groups.setdefault(f'AgMax against {REFERENCES[one.reference]}', []).append(row)
    return groups


def _caption(main: Found) -> str:
    return (
        f'What AgMax adds to top-1, by augmentation: mean difference and 95 % t interval, {_seeds(main)}. A filled '
        "dot: beyond chance after the correction. A diamond: the paper's gain on all 50,000 images with WRN-40-2."
    )


def _consequences(found: Sequence[Found]) -> list[Section]:
    """What the comparisons of the two forms of AgMax mean for its user."""
    told, chosen = [], []
    for one in found:
        pairs = [other for other in one.others if (other.arm, other.reference) == ('mi_qnet', 'mi')]
        pairs = [pair for pair in pairs if pair.p_holm is not None]
        if pairs:
            chosen += pairs
            listed = '; '.join(f'{_LEVELS[pair.level]} {_difference(pair)}' for pair in pairs)
            sure = sum(pair.sure for pair in pairs)
            chance = f'{sure} of {len(pairs)} beyond chance' if sure else 'none of them is beyond chance'
            told.append(f'{one.topic.title}: {listed} points; {chance}.')
    if not told:
        return []
    text = (
        "The two forms of AgMax against each other, the authors' code (`mi_qnet`) minus the paper's formula (`mi`), "
        f'which is the default here. {" ".join(told)}'
    )
    equal = [
        other.difference.moments.mean
        for one in found
        for other in one.main
        if (other.arm, other.reference) == ('mi', 'twice') and other.difference and other.p_holm is not None
    ]
    why = '' if any(other.sure for other in chosen) else 'no difference between the two is beyond chance, and '
    advice = (
        f'The default stays the formula: {why}it has no second network to train. Where you train on pictures, try '
        'both. Whoever has the time for two views has the time for twice the epochs of one, which is the arm to beat: '
        f'against it, {sum(mean < 0 for mean in equal)} of {len(equal)} means with two seeds or more are losses.'
    )
    return [Section('What follows', [Text(text), Text(advice)])]


def _seeds(main: Found) -> str:
    numbers = [one.difference.moments.n for one in main.main if one.difference is not None]
    least, most = min(numbers, default=0), max(numbers, default=0)
    return f'n = {most} seed{"s" if most != 1 else ""}' if least == most else f'n = {least} to {most} seeds'


def _difference(one: Comparison) -> str:
    assert one.difference is not None
    mean, interval = one.difference.moments.mean, one.difference.t_interval
    return f'{mean:+.2f}' + (f' ({interval[0]:+.2f} to {interval[1]:+.2f})' if interval else ' (one seed)')


def _section(one: Found) -> Section:
    topic = one.topic
    assert one.summary is not None
    blocks: list[Any] = [
        Text(
            f'{topic.text} {one.finished} of {one.planned} runs are finished: '
            f'[page](../{FOLDER.as_posix()}/{topic.study}.md). {_versions(one.summary)}'
        )
    ]
    label = metric_label(one.summary['metric'])
    blocks += [_table(one.main, label), Text(_verdict(one.main))]
    if any(other.difference for other in one.others):
        blocks += [Text('Other agreements, and what the second view does by itself:'), _table(one.others, label)]
    return Section(topic.title, blocks)


def _versions(summary: Mapping[str, Any]) -> str:
    setup = summary['setup']
    return f'On {setup["device"]}, torch {setup["torch"]}.' if 'torch' in setup else ''


def _table(comparisons: Sequence[Comparison], label: str) -> Table:
    papers = any(one.paper is not None for one in comparisons)
    levels = any(one.level for one in comparisons)
    rows = []
    for one in comparisons:
        ours, theirs = (moments_text(list(values.values())) for values in one.values)
        found = one.difference
        intervals = (None, None) if found is None else (found.t_interval, found.bootstrap_interval)
        rows.append(
            (
                *([_LEVELS.get(one.level, one.level)] if levels else []),
                _NAMES.get(one.arm, one.arm),
                _NAMES.get(one.reference, one.reference),
                '0' if found is None else str(found.moments.n),
                ours,
                theirs,
                NONE if found is None else found.moments.text(signed=True),
                *(NONE if pair is None else f'{pair[0]:+.2f} to {pair[1]:+.2f}' for pair in intervals),
                NONE if one.p_holm is None else f'{one.p_holm:.3f}',
                *([NONE if one.paper is None else f'{one.paper:+.1f}'] if papers else []),
            )
        )
    header = [*(['with'] if levels else []), 'arm', 'against', 'n', label, 'of the reference', 'difference']
    return Table([*header, 't interval', 'bootstrap', 'p (Holm)', *(["paper's gain"] if papers else [])], rows)


def _verdict(comparisons: Sequence[Comparison]) -> str:
    tested = [one for one in comparisons if one.p_holm is not None]
    sure = [one for one in tested if one.sure]
    if not tested:
        return 'No pair of arms has two seeds yet, so nothing can be said about chance.'
    if not sure:
        return f'None of {len(tested)} differences is beyond chance.'
    words = '; '.join(
        f'{_LEVELS.get(one.level, one.level)} {_NAMES.get(one.arm, one.arm)} against '
        f'{_NAMES.get(one.reference, one.reference)} {_difference(one)}'.strip()
        for one in sure
    )
    return f'Beyond chance, {len(sure)} of {len(tested)} differences: {words}.'


def _robustness(measured: Mapping[str, Any]) -> Section:
    """AgMax against its references in each figure of the measurement; all of them are one family."""
    arms = measured['arms']
    levels = dict.fromkeys(arm.rpartition('-')[0] for arm in arms if arm.endswith('-mi'))
    blocks: list[Text | Table] = []
    rows: list[tuple[str, Comparison]] = []
    for name, title in measured['figures'].items():
        scores = {arm: values.get(name, {}) for arm, values in arms.items()}
        pairs = [(level, arm, other) for level in levels for arm in ('mi', 'mi_qnet') for other in REFERENCES]
        rows += [(title, one) for one in compare(pairs, scores, {})]
    tested = [one.difference.p_value for _, one in rows if one.difference and one.difference.p_value is not None]
    adjusted = iter(holm(tested))
    kept = [
        (title, replace(one, p_holm=next(adjusted)) if one.p_holm is not None else one)
        for title, one in rows
        if one.difference is not None
    ]
    for title in measured['figures'].values():
        own = [one for name, one in kept if name == title]
        if own:
            blocks += [Text(f'{title[0].upper()}{title[1:]}:'), _table(own, title), Text(_verdict(own))]
    text = (
        f"The main study's models at their last epoch, {measured['images']:,} test images: "
        f'[page](../{FOLDER.as_posix()}/{MAIN}_robustness.md). p is adjusted for all rows of this '
        'section. Of errors, less is better.'
    )
    return Section('Robustness and calibration', [Text(text), *blocks])


def _not_run(found: Sequence[Found], robust: bool) -> Section:
    rows = [
        (
            one.topic.title,
            f'{one.planned - one.finished} of {one.planned} runs',
            f'benchmarks/studies/{one.topic.study}.py',
        )
        for one in found
        if one.finished < one.planned
    ]
    if not robust:
        rows.append(("robustness and calibration of the main study's models", 'all', 'tools/study_robustness.py'))
    rows.append(("transfer of the main study's models to detection", 'all', 'a study with transfers'))
    rows.append(("the papers' recipes, ImageNet, CIFAR at full length", 'all', 'configs/'))
    rows.append(('the modern recipe of ResNet-50 on ImageNet', 'all', 'configs/modern/'))
    return Section('Not run', [Table(('what', 'not run', 'where'), rows)])
