"""Hooks for every run."""

from agmax_mm.engine.hooks.agreement import AgreementMonitorHook, AgreementWeightHook
from agmax_mm.engine.hooks.checkpoint import SafeCheckpointHook
from agmax_mm.engine.hooks.data_check import DataCheckHook
from agmax_mm.engine.hooks.finite_loss import FiniteLossHook
from agmax_mm.engine.hooks.interruption import InterruptionHook
from agmax_mm.engine.hooks.progress_bar import ProgressBarHook
from agmax_mm.engine.hooks.random_state import RandomStateHook
from agmax_mm.engine.hooks.run_record import RunRecordHook
from agmax_mm.engine.hooks.set_progress import SetProgressHook
from agmax_mm.engine.hooks.step_values import StepValuesHook
from agmax_mm.engine.hooks.watch import WatchHook

__all__ = [
    'AgreementMonitorHook',
    'AgreementWeightHook',
    'DataCheckHook',
    'FiniteLossHook',
    'InterruptionHook',
    'ProgressBarHook',
    'RandomStateHook',
    'RunRecordHook',
    'SafeCheckpointHook',
    'SetProgressHook',
    'StepValuesHook',
    'WatchHook',
]
