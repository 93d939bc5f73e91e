"""Each process's own buffers in a checkpoint, such as the running statistics of batch normalisation within an epoch."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from torch import Tensor, nn

# In a checkpoint: for each process, those of its buffers that differ from the first process's, by name.
BUFFERS_OF_RANKS = 'buffers_of_ranks'


def gather_buffers(model: nn.Module) -> list[dict[str, Tensor]] | None:
    """Collect what a checkpoint of the first process's model lacks.

    Processes agree on their weights, and on their buffers at the end of each epoch alone, where the host averages them.

    Args:
        model: The network, without its wrapper. All processes have to call.

    Returns:
        For each process its buffers that differ from the first one's, on the CPU; None where there are none.
    """
    if get_world_size() == 1:
        return None
    kept = model.state_dict().keys()
    own = {name: value.detach().cpu() for name, value in model.named_buffers() if name in kept}
    first, *others = all_gather_object(own)
    differing = [{name: value for name, value in one.items() if not torch.equal(value, first[name])} for one in others]
    return [{}, *differing] if any(differing) else None


def take_own_buffers(checkpoint: dict[str, Any]) -> None:
    """Put this process's buffers into the weights of a checkpoint that is resumed.

    With another number of processes than there were, all go on with the first one's.
    """
    buffers = checkpoint.get(BUFFERS_OF_RANKS)
    if isinstance(buffers, list) and len(buffers) == get_world_size():
        checkpoint['state_dict'].update(buffers[get_rank()])
