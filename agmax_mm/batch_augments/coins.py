"""Random numbers that all processes draw alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.dist import broadcast, get_world_size
from mmengine.logging import MessageHub


class SharedCoins:
    """Source of what a step decides as a whole.

    Processes augment differently but mix in the same steps: the batch is one.

    Args:
        purpose: Numbers that set apart what is drawn for different purposes in one step.
    """

    def __init__(self, *purpose: int) -> None:
        self._purpose = purpose
        self._generator: np.random.RandomState | None = None

    def of_step(self, device: Any) -> Any:
        """Where this step's draws come from, with the functions of ``numpy.random``; ask once per step.

        Args:
            device: What the processes exchange tensors on. All of them must ask.
        """
        if get_world_size() == 1:
            return np.random
        information = MessageHub.get_current_instance().runtime_info
        if 'shared_seed' in information:
            # By RandomStateHook: a function of the step, so that a resumed run tosses the same.
            return np.random.RandomState([information['shared_seed'], information['iter'], *self._purpose])
        if self._generator is None:
            seed = torch.randint(2**31, (), device=device)
            broadcast(seed)
            self._generator = np.random.RandomState(int(seed))
        return self._generator
