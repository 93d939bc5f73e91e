"""Progress of a run on the terminal."""

from __future__ import annotations

from mmengine.hooks import Hook

from agmax_mm.registry import HOOKS


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Placeholder until the progress bar is written."""
