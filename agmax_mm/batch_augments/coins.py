"""Random numbers that are equal in all processes of a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.dist import broadcast, get_world_size
from mmengine.logging import MessageHub


class SharedCoins:
    """Random generator for the decisions of a whole step, such as whether it is mixed.

    Processes augment their images differently, but all of them mix in the same steps, because the batch is one.

    Args:
        purpose: Numbers that separate the draws of different purposes in one step.
    """

    def __init__(self, *purpose: int) -> None:
        self._purpose = purpose
        self._generator: np.random.RandomState | None = None

    def step_generator(self, device: Any) -> Any:
        """Return the generator of this step, with the functions of ``numpy.random``. Call it once per step.

        Args:
            device: Device on which the processes exchange tensors. All processes must call this function.
        """
        if get_world_size() == 1:
            return np.random
        information = MessageHub.get_current_instance().runtime_info
        if 'shared_seed' in information:
            # RandomStateHook noted it. The seed is a function of the step, so a resumed run draws the same numbers.
            return np.random.RandomState([information['shared_seed'], information['iter'], *self._purpose])
        if self._generator is None:
            seed = torch.randint(2**31, (), device=device)
            broadcast(seed)
            self._generator = np.random.RandomState(int(seed))
        return self._generator
