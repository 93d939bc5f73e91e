"""The page, the drawing and the sentences of the front page, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import agmax_mm.detection.metrics
import agmax_mm.localization.metrics
import agmax_mm.speech.metrics  # noqa: F401  they declare what studies measured
from agmax_mm.metrics import metric_label
from agmax_mm.results.forest import Difference, forest_svg
from agmax_mm.results.page import Figure, Page, Section, Table, Text, markdown_table, render_markdown
from agmax_mm.results.reading import read_json
from agmax_mm.results.statistics import NONE, holm, moments_text
from tools.evidence.comparisons import FOLDER, Comparison, Found, compare, find
from tools.evidence.sentences import (
    LEVELS,
    NAMES,
    NOTE,
    REPEAT,
    REPEATED,
    SETUP,
    SURE,
    answer,
    caption,
    consequences,
    glance,
    seeds_text,
    verdict,
)
from tools.evidence.topics import MAIN, REFERENCES, TOPICS

PAGE, DRAWING, README = 'docs/evidence.md', 'docs/assets/evidence.svg', 'README.md'
MARKS = ('<!-- evidence, by tools/make_evidence.py -->\n', '<!-- end of evidence -->\n')


def expected_files(root: Path) -> dict[str, str]:
    """The text of the page, of the drawing and of the front page, by path in the checkout ``root``."""
    found = [find(topic, root) for topic in TOPICS]
    readme = (root / README).read_text(encoding='utf-8')
    for mark in MARKS:
        if readme.count(mark) != 1:
            raise ValueError(f'{README}: expected the line {mark.strip()!r} once, got it {readme.count(mark)} times')
    before, _, rest = readme.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    block = f'{MARKS[0]}{front_page(found)}\n{MARKS[1]}'
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
                Text(f'{_setup(main)} {answer(main)}'),
                *([table] if (table := glance(found)).rows else []),
                Figure('assets/evidence.svg', caption(main)),
                Text(NOTE),
            ],
        ),
        *([Section('What follows', follows)] if (follows := consequences(found)) else []),
        *(_section(one) for one in found if one.summary is not None),
        *([] if robustness is None else [_robustness(robustness)]),
        _not_run(found, robustness is not None),
        Section(
            'To repeat it',
            [
                Text(REPEAT),
                Text(REPEATED),
            ],
        ),
    ]
    lead = 'Measured here, at reduced scale, on processors. No figure of this page says anything about ImageNet.'
    return Page('Does AgMax help?', lead, sections)


def front_page(found: Sequence[Found]) -> str:
    """The lines of the front page, from what the studies have found, the main one first."""
    main, table = found[0], glance(found)
    links = f'[All comparisons, and speech and localisation]({PAGE}).'
    if not table.rows:
        return f'{answer(main)} {links}'
    drawn = f'![{caption(main)}]({DRAWING})\n\n' if _groups(main) else ''
    return f'{drawn}{_setup(main)}\n\n{markdown_table(table)}\n\n{answer(main)} {links}'


def _setup(main: Found) -> str:
    return f'{SETUP}, {seeds_text(main)}; {SURE}: beyond chance, after the correction.'


def drawing(main: Found) -> str:
    """The main study's differences as SVG."""
    title = f'What AgMax adds to top-1 on 2,000 images of CIFAR-10, {seeds_text(main)}'
    return forest_svg(_groups(main), title, 'points of top-1 (%)')


def _groups(main: Found) -> dict[str, list[Difference]]:
    groups: dict[str, list[Difference]] = {}
    for one in main.main:
        if one.arm == 'mi' and one.difference is not None:
            entry = {**one.difference.to_json(), 'p_holm': one.p_holm}
            row = Difference.from_json(LEVELS[one.level], entry, paper=one.paper)
            groups.setdefault(f'AgMax against {REFERENCES[one.reference]}', []).append(row)
    return groups


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
    blocks += [_table(one.main, label), Text(verdict(one.main))]
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
                *([LEVELS.get(one.level, one.level)] if levels else []),
                NAMES.get(one.arm, one.arm),
                NAMES.get(one.reference, one.reference),
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
            blocks += [Text(f'{title[0].upper()}{title[1:]}:'), _table(own, title), Text(verdict(own))]
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
    rows.append(("the papers' recipes, ImageNet, CIFAR at full length", 'all', 'configs/'))
    rows.append(('the modern recipe of ResNet-50 on ImageNet', 'all', 'configs/modern/'))
    return Section('Not run', [Table(('what', 'not run', 'where'), rows)])
