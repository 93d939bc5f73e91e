"""Paired differences between the arms of a study, from its table for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agmax_mm.experiments.study import read_study
from agmax_mm.results.reading import read_json
from agmax_mm.results.statistics import PairedDifference, holm, paired_difference
from tools.evidence.topics import AGREEMENTS, REFERENCES, Topic, paper_gains

FOLDER = Path('benchmarks', 'studies')


@dataclass(frozen=True)
class Comparison:
    """An arm against another one.

    Attributes:
        level: What both have in common, such as the augmentation; empty for arms of no grid.
        arm: What is compared, as a key of :data:`~tools.evidence.topics.AGREEMENTS` or an arm's name.
        reference: What it is compared with, as a key of :data:`~tools.evidence.topics.REFERENCES` or an arm's name.
        values: Scores of both by seed.
        difference: Of the seeds that both have; None where there are none.
        p_holm: The p-value, adjusted for the number of comparisons that were measured; None for fewer than two seeds.
        paper: The paper's gain over one view, where this is that comparison.
    """

    level: str
    arm: str
    reference: str
    values: tuple[Mapping[str, float], Mapping[str, float]]
    difference: PairedDifference | None
    p_holm: float | None = None
    paper: float | None = None

    @property
    def sure(self) -> bool:
        """Whether chance is ruled out at 5 %, after the correction."""
        return self.p_holm is not None and self.p_holm < 0.05


@dataclass(frozen=True)
class Found:
    """What a study has found so far.

    Attributes:
        topic: The study.
        summary: Its table for programs; None where it was not run.
        finished: Number of finished runs.
        planned: Number of runs that its file asks for.
        main: AgMax and its authors' form against all references.
        others: Other agreements against two views without one, the authors' form against the paper's, and two views
            against equal compute.
    """

    topic: Topic
    summary: Mapping[str, Any] | None
    finished: int
    planned: int
    main: Sequence[Comparison]
    others: Sequence[Comparison]


def find(topic: Topic, root: Path) -> Found:
    """Read a study and its table, and compare its arms.

    Args:
        topic: The study.
        root: The checkout.

    Raises:
        ValueError: If the study's file is missing, or its table is damaged.
    """
    study = read_study(root / FOLDER / f'{topic.study}.py')
    planned = len(study.arms) * len(study.seeds)
    path = root / FOLDER / f'{topic.study}.json'
    if not path.is_file():
        return Found(topic, None, 0, planned, [], [])
    summary = read_json(path, 'evidence')
    if topic.transfer:
        summary = {**summary, **summary['transfers'].get(topic.transfer, {'arms': {}})}
    scores = {arm: {seed: run['last'] for seed, run in entry['runs'].items()} for arm, entry in summary['arms'].items()}
    pairs = [('', arm, reference) for arm, reference in topic.pairs]
    others = []
    for level in dict.fromkeys(arm.rpartition('-')[0] for arm in study.arms if not topic.pairs):
        ways = [arm.rpartition('-')[2] for arm in study.arms if arm.rpartition('-')[0] == level]
        pairs += [
            (level, arm, reference)
            for arm in ways[:]
            if arm in ('mi', 'mi_qnet')
            for reference in REFERENCES
            if reference in ways
        ]
        others += [(level, arm, 'two_views') for arm in ways if arm in ('mse', 'kl')]
        others += [(level, 'mi_qnet', 'mi')] if {'mi_qnet', 'mi'} <= set(ways) else []
        others += [(level, 'two_views', 'twice')] if {'two_views', 'twice'} <= set(ways) else []
    finished = sum(len(values) for values in scores.values())
    gains = paper_gains(*topic.paper) if topic.paper else {}
    return Found(topic, summary, finished, planned, compare(pairs, scores, gains), compare(others, scores, gains))


def compare(
    pairs: Sequence[tuple[str, str, str]], scores: Mapping[str, Mapping[str, float]], gains: Mapping[str, float]
) -> list[Comparison]:
    """Compare pairs of arms seed by seed, with p-values adjusted for the number of pairs that have two seeds.

    Args:
        pairs: Level, arm and reference of each, see :class:`Comparison`.
        scores: Values by seed of each arm, by its whole name.
        gains: The paper's gains over one view by level.
    """
    found = []
    for level, arm, reference in pairs:
        ours, theirs = (scores.get(f'{level}-{name}' if level else name, {}) for name in (arm, reference))
        paper = gains.get(level) if arm in AGREEMENTS and reference == 'baseline' else None
        difference = paired_difference(ours, theirs)
        found.append(Comparison(level, arm, reference, (ours, theirs), difference, paper=paper))
    p_values = [one.difference.p_value for one in found if one.difference and one.difference.p_value is not None]
    adjusted = iter(holm(p_values))
    return [
        replace(one, p_holm=next(adjusted)) if one.difference and one.difference.p_value is not None else one
        for one in found
    ]
