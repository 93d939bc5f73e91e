"""The papers whose recipes are tried here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import tools.recipes.agmax.trials as agmax_trials
import tools.recipes.cutmix.trials as cutmix_trials
from tools.recipes.check import Outcome, Trial


@dataclass(frozen=True)
class Family:
    """The recipes of a paper.

    Attributes:
        plan: What is tried.
        page: The page, in Markdown, about what was tried and what came of it, by the trials' names.
    """

    plan: Callable[[], list[Trial]]
    page: Callable[[Sequence[Trial], Mapping[str, Outcome]], str]


FAMILIES = {
    'agmax': Family(agmax_trials.plan, agmax_trials.page),
    'cutmix': Family(cutmix_trials.plan, cutmix_trials.page),
}
