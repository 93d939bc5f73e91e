"""Peak of what torch allocates."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile


def peak_bytes(function: Callable[[], Any]) -> int:
    """Run a function and say by how many bytes the memory of torch's tensors exceeded that before it at most.

    On the CPU every allocation and release is recorded, also those inside of operations; what the libraries below
    torch take for themselves is not. On a GPU it is the allocator's own account.

    Args:
        function: What it returns is dropped; what it keeps elsewhere counts.
    """
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        function()
        return torch.cuda.max_memory_allocated() - before
    # The profiler says on machines without a GPU that there is none.
    os.environ.setdefault('KINETO_LOG_LEVEL', '99')
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as profiler:
        function()
    assert profiler.profiler is not None
    records = profiler.profiler.kineto_results
    assert records is not None
    changes = [event for event in records.events() if event.name() == '[memory]']
    live = peak = 0
    for change in sorted(changes, key=lambda event: event.start_ns()):
        live += change.nbytes()
        peak = max(peak, live)
    return peak
