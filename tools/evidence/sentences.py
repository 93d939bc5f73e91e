"""What the page and the front page say of the comparisons, in words."""

from __future__ import annotations

from collections.abc import Sequence

from agmax_mm.metrics import find_metric
from agmax_mm.results.page import Table, Text
from agmax_mm.results.statistics import NONE
from tools.evidence.comparisons import Comparison, Found
from tools.evidence.topics import AGREEMENTS, MAIN, REFERENCES

LEVELS = {
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
NAMES = {**AGREEMENTS, **REFERENCES, 'agmax': 'AgMax', 'cutmix_agmax': 'CutMix + AgMax', 'cutmix': 'CutMix'}
SURE = '●'
SETUP = '2,000 images of CIFAR-10, a small network: mean and 95 % t interval'
NOTE = (
    'Scores of the last epoch: mean ± sample standard deviation over the seeds. Differences are taken seed by seed: '
    'runs of one seed share the order of the images and the first weights. Intervals: 95 %, of the mean difference, by '
    "Student's t and by the percentile bootstrap, which is too narrow with few seeds. p: two-sided paired t-test, "
    "adjusted by Holm's method for the comparisons of one table. Beyond chance means p below 0.05. The paper's gain is "
    "what its table prints for its own, far larger runs, over one view; it chose each run's best epoch."
)
REPEAT = (
    'Each table here is made from the tables of the studies by `python tools/make_evidence.py`. Each study is one '
    'command, too, which its page names; `STUDY.runs.jsonl` beside it holds the record of every run. One cell alone, '
    'such as `--arms cutmix-baseline --seeds 0`, gives the numbers of its record on the same processor with the same '
    'versions.'
)
REPEATED = (
    'It was tried: `cutmix-baseline` with seed 0, from scratch, gave every loss and score of its record. The arms '
    'with mutual information were trained before its sums changed their order, which changes the last digits. '
    '`cutmix-mi` with seed 0 follows its record to all digits with the code of its day (commit c60f930, its first 10 '
    "epochs tried), and has 52.85 in place of 52.07 % at the end with today's: so much is chance in one run. "
    '`cutmix_aa-baseline` with seed 0 gave every loss and score of its record in the study of people in photographs, '
    "with that day's code and with that of the masks' record (commit c451718). The masks' record itself, of another "
    'machine whose processor has the same name, AMD EPYC, ends at 52.60 in place of 52.14 %: the name is not enough.'
)


def answer(main: Found) -> str:
    """How much of what the main study found is beyond chance, in a few sentences."""
    if not any(one.difference for one in main.main):
        return f'Nothing yet: {main.finished} of {main.planned} runs of the main study are finished.'
    parts = []
    sure = [one for one in main.main if one.sure]
    tested = sum(one.p_holm is not None for one in main.main)
    better = sum(one.difference is not None and one.difference.moments.mean > 0 for one in sure)
    if tested:
        parts.append(
            f"Of {tested} comparisons of AgMax's top-1 and of its authors' form, {better} show a gain and "
            f'{len(sure) - better} a loss beyond chance, after the correction for their number.'
        )
    else:
        parts.append('One seed says nothing about chance.')
    if main.finished < main.planned:
        parts.append(f'Finished so far: {main.finished} of {main.planned} runs.')
    return ' '.join(parts)


def glance(found: Sequence[Found]) -> Table:
    """What AgMax changes in the main study, and in the detectors from its backbones, against each reference."""
    rows = []
    for one in found:
        topic = one.topic
        if topic.study != MAIN and not topic.transfer:
            continue
        changes = {
            (other.level, other.reference): other for other in one.main if other.arm == 'mi' and other.difference
        }
        for level in dict.fromkeys(level for level, _ in changes):
            cells = [changes.get((level, reference)) for reference in REFERENCES]
            if topic.transfer and not any(cell and cell.p_holm is not None for cell in cells):
                continue  # one seed of a detector says nothing
            what = f'{_score(one)} of a detector of {topic.subject}, {topic.transfer}' if topic.transfer else 'top-1'
            # The heading has the main study's number of seeds.
            what += f', {seeds}' if (seeds := seeds_text(one)) != seeds_text(found[0]) else ''
            rows.append((f'{what}: {LEVELS[level]}', *(NONE if cell is None else _marked(cell) for cell in cells)))
    return Table(('AgMax changes (points)', *(f'against {words}' for words in REFERENCES.values())), rows)


def _score(one: Found) -> str:
    assert one.summary is not None
    metric = find_metric(one.summary['metric'])
    assert metric is not None  # the page imports all declarations
    return metric.title


def _marked(one: Comparison) -> str:
    return f'{SURE} {difference_text(one)}' if one.sure else difference_text(one)


def consequences(found: Sequence[Found]) -> list[Text | Table]:
    """What the comparisons of the two forms of AgMax mean for its user; nothing where there are none."""
    pairs = [
        (one.topic.title, pair, pair.difference)
        for one in found
        for pair in one.others
        if (pair.arm, pair.reference) == ('mi_qnet', 'mi') and pair.p_holm is not None and pair.difference is not None
    ]
    if not pairs:
        return []
    rows = [(title, LEVELS[pair.level], str(difference.moments.n), _marked(pair)) for title, pair, difference in pairs]
    equal = [
        other.difference.moments.mean
        for one in found
        for other in one.main
        if (other.arm, other.reference) == ('mi', 'twice') and other.difference and other.p_holm is not None
    ]
    better, worse = (
        sum(pair.sure and sign * difference.moments.mean > 0 for _, pair, difference in pairs) for sign in (1, -1)
    )
    chance = f'better in {better} and worse in {worse}' if better or worse else 'neither better nor worse in any'
    return [
        Text(
            "The two forms of AgMax against each other: points by which the authors' code (`mi_qnet`) is above the "
            f"paper's formula (`mi`), which is the default here. {SURE}: beyond chance, after the correction."
        ),
        Table(('study', 'with', 'n', "the authors' code minus the formula"), rows),
        Text(
            f"The default stays the formula: beyond chance the authors' code is {chance} of {len(pairs)} comparisons, "
            'and the formula has no second network to train. Where you train on pictures, try both. Whoever has the '
            'time for two views has the time for twice the epochs of one, which is the arm to beat: against it, '
            f'{sum(mean < 0 for mean in equal)} of {len(equal)} means with two seeds or more are losses.'
        ),
    ]


def verdict(comparisons: Sequence[Comparison]) -> str:
    """Which of these differences are beyond chance."""
    tested = [one for one in comparisons if one.p_holm is not None]
    sure = [one for one in tested if one.sure]
    if not tested:
        return 'No pair of arms has two seeds yet, so nothing can be said about chance.'
    if not sure:
        return f'None of {len(tested)} differences is beyond chance.'
    words = '; '.join(
        f'{LEVELS.get(one.level, one.level)} {NAMES.get(one.arm, one.arm)} against '
        f'{NAMES.get(one.reference, one.reference)} {difference_text(one)}'.strip()
        for one in sure
    )
    return f'Beyond chance, {len(sure)} of {len(tested)} differences: {words}.'


def caption(main: Found) -> str:
    """The line below the drawing."""
    return (
        f'What AgMax adds to top-1, by augmentation: mean difference and 95 % t interval, {seeds_text(main)}. A filled '
        "dot: beyond chance after the correction. A diamond: the paper's gain on all 50,000 images with WRN-40-2."
    )


def seeds_text(main: Found) -> str:
    """``'n = 5 seeds'``, or from how many to how many."""
    numbers = [one.difference.moments.n for one in main.main if one.difference is not None]
    least, most = min(numbers, default=0), max(numbers, default=0)
    return f'n = {most} seed{"s" if most != 1 else ""}' if least == most else f'n = {least} to {most} seeds'


def difference_text(one: Comparison) -> str:
    """``'+1.34 (+0.05 to +2.64)'``: the mean difference and its interval, which one seed does not have."""
    assert one.difference is not None
    mean, interval = one.difference.moments.mean, one.difference.t_interval
    return f'{mean:+.2f}' + (f' ({interval[0]:+.2f} to {interval[1]:+.2f})' if interval else ' (one seed)')
