"""Hooks for every run."""

from agmax_mm.engine.hooks.class_count import ClassCountHook
from agmax_mm.engine.hooks.progress_bar import ProgressBarHook
from agmax_mm.engine.hooks.run_record import RunRecordHook

__all__ = ['ClassCountHook', 'ProgressBarHook', 'RunRecordHook']
