"""Words for error messages: which step, which sample."""

from __future__ import annotations

from mmengine.logging import MessageHub
from mmpretrain.structures import DataSample


def step_name() -> str:
    """``'step 12'`` while a runner trains (the first is 1), ``'this step'`` outside of one."""
    information = MessageHub.get_current_instance().runtime_info
    return f'step {information["iter"] + 1}' if 'iter' in information else 'this step'


def sample_name(sample: DataSample) -> str:
    """The file of a sample, or its place in the data set, or ``'an unnamed sample'``."""
    if sample.get('img_path'):
        return repr(str(sample.get('img_path')))
    index = sample.get('sample_idx')
    return 'an unnamed sample' if index is None else f'sample {index} of the data set'
