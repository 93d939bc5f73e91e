"""Accuracy under projected gradient descent: what a gain under a single step is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agmax_mm import functional as AF
from agmax_mm.metrics import Metric, declare
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.robustness import fgsm
from agmax_mm.robustness.contract import Condition, Entries, Results, Values
from agmax_mm.robustness.data import Batch, Data
from agmax_mm.robustness.network import Network

ACCURACY = declare(Metric('pgd/top1', 'top-1 under PGD', '%', higher_is_better=True))
METRICS = (ACCURACY,)


@dataclass(frozen=True)
class Options(fgsm.Options):
    """Options of ``pgd``, beside those of ``fgsm``.

    Attributes:
        steps: Number of steps.
        seed: Of the random start, which depends on the image's batch alone.
    """

    steps: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1:
            raise ValueError(f'steps: expected at least 1, got {self.steps}')


def conditions(options: Options) -> list[Condition]:
    """Those of :mod:`agmax_mm.robustness.fgsm`, so that the two can be compared."""
    return [{**condition, 'steps': options.steps, 'seed': options.seed} for condition in fgsm.conditions(options)]


def measure(model: Network, data: Data, condition: Condition) -> Values:
    """Accuracy on the changed images, in percent of all images."""

    def attack(network: Callable[[Tensor], Tensor], images: Tensor, batch: Batch, **limits: Any) -> Tensor:
        generator = torch.Generator().manual_seed(int(batch.indices[0]) + 1_000_003 * condition['seed'])
        return AF.pgd(
            network, images, batch.labels, condition['eps'], steps=condition['steps'], generator=generator, **limits
        )

    return {ACCURACY.name: fgsm.accuracy(model, data, condition, attack)}


def summary(entries: Entries) -> dict[str, float | None]:
    """Nothing, as for FGSM."""
    return {}


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """A table and a plot for each protocol."""
    yield from fgsm.attack_blocks(results, folder, ACCURACY, 'pgd')


def disagreements(one_step: Results, many_steps: Results) -> list[str]:
    """List the gains under one step (FGSM) that many steps (PGD) do not confirm.

    Args:
        one_step: Results of FGSM.
        many_steps: Results of PGD.

    Returns:
        One sentence for each model that many steps hurt less than one, and for each pair of models that the two attacks
        put in another order. Equal accuracies are no order.
    """
    single, several = (
        _accuracies(results, metric) for results, metric in ((one_step, 'fgsm/top1'), (many_steps, 'pgd/top1'))
    )
    lines = []
    for (model, protocol, eps), accuracy in several.items():
        other = single.get((model, protocol, eps))
        if other is not None and eps > 0 and accuracy > other:
            lines.append(
                f'{model}, {protocol}, eps {eps:g}: {accuracy:.2f} % under PGD, {other:.2f} % under FGSM; many steps '
                'should hurt more than one, so that the gradient may be masked or the steps too few.'
            )
    for (model, protocol, eps), accuracy in single.items():
        for rival in one_step:
            keys = (model, protocol, eps), (rival, protocol, eps)
            if eps == 0 or not all(key in several and key in single for key in keys):
                continue
            if accuracy > single[keys[1]] and several[keys[0]] < several[keys[1]]:
                lines.append(
                    f'{protocol}, eps {eps:g}: {model} is ahead of {rival} under FGSM ({accuracy:.2f} to '
                    f'{single[keys[1]]:.2f} %) and behind it under PGD ({several[keys[0]]:.2f} to '
                    f'{several[keys[1]]:.2f} %): its gain may be masking.'
                )
    return lines


def _accuracies(results: Results, metric: str) -> dict[tuple[str, str, float], float]:
    return {
        (model, condition['protocol'], condition['eps']): values[metric]
        for model, entries in results.items()
        for condition, values in entries
    }
