"""Randomness that survives an interruption."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import broadcast
from mmengine.hooks import Hook

from agmax_mm.engine.seeding import STEPS, seed_samples
from agmax_mm.randomness import seed_generators
from agmax_mm.registry import HOOKS


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Make a resumed run draw what the uninterrupted run would have drawn, and each epoch something else.

    All global random generators are functions of the run's seed and of where it is: of the step for what happens in
    the model and its batch augmentations, of the sample's place in the data stream for the loader's workers. So the
    state of all generators of all processes and workers is in every checkpoint: it is the seed and the step, which
    the host saves and restores. Validations and interruptions, the number of workers and whether they persist do not
    change a draw.
    """

    # After the hooks that prepare the training, which may draw.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._key: tuple[int, ...] = ()

    def before_train(self, runner: Any) -> None:
        """Take over the loader's randomness; a resumed run knows its original seed by now."""
        # Where ranks are seeded differently, the first one's is the run's.
        shared = torch.tensor(runner.seed, device=get_device())
        broadcast(shared)
        seed = int(shared)
        self._key = (STEPS, seed, abs(runner.seed - seed))
        # For what all processes draw alike, together with the step, which the host notes there.
        runner.message_hub.update_info('shared_seed', seed)
        if not seed_samples(runner.train_dataloader, seed):
            kind = type(runner.train_dataloader.batch_sampler).__name__
            runner.logger.warning(f'{kind} numbers no samples: a resumed run will augment them otherwise')

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Seed the generators of this step."""
        seed_generators(*self._key, runner.iter)
