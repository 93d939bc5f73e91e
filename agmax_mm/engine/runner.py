"""mmengine's runner, also on several processes without GPUs, and without unsafe loading."""

from __future__ import annotations

import copy
import json
import logging
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import BaseLoop
from mmengine.runner.checkpoint import _load_checkpoint_to_model
from torch import nn

from agmax_mm.checkpoints.checkpoint import Checkpoint, read_checkpoint
from agmax_mm.checkpoints.matching import require_match
from agmax_mm.engine.amp import CHOICE, apply_amp, check_amp, use_channels_last
from agmax_mm.engine.checkpointing import checkpoint_activations
from agmax_mm.engine.compile import compile_network
from agmax_mm.engine.hooks.data_check import check_steps
from agmax_mm.engine.resumable import ResumableRunner
from agmax_mm.engine.schedule import replay, settings_of
from agmax_mm.fileio import RESULT_FILE
from agmax_mm.host import unwrap

_AGREEMENT = 'agreement.'
_DUMP_LINES = 5


class Runner(ResumableRunner):
    """The host's runner with these differences, besides those of :class:`~agmax_mm.engine.resumable.ResumableRunner`.

    - Several processes work without GPUs: Gloo instead of NCCL, and no device ids.
    - ``sync_bn`` is refused on CPUs, where torch has no synchronised batch normalisation.
    - ``amp`` in the config chooses the precision, see :func:`agmax_mm.engine.amp.apply_amp`.
    - ``compile`` compiles the backbone and the neck, whose names stay as they are; ``activation_checkpointing`` takes
      ``True``, too, and leaves the statistics of batch normalisation right.
    - Logged values stay on the GPU until somebody looks, see :class:`agmax_mm.engine.hooks.StepValuesHook`.
    - Checkpoints are loaded as weights only; a file that holds anything else is refused. The config in a checkpoint,
      which is Python text that the host would run when resuming, is left alone.
    """

    # Whether the config in the work directory is this run's to write.
    trains = True
    # What --amp chose, for the record. Kept here and not in the message hub, which comes back as it was when resuming.
    precision: str | None = None
    # Set by the host.
    param_schedulers: Any
    # What tells runs in one folder apart, whatever their length, see agmax_mm.engine.work_dir.
    setup_sha256: str | None = None

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """The host's logger; its console stays free of the dumps until the runner is built, so that errors are seen."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_short)
        return logger

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Initialise the process group on CPUs before the host, which would select a GPU, gets to it."""
        if self.distributed and not torch.cuda.is_available() and not dist.is_initialized():
            if self._launcher == 'slurm':
                _slurm_to_env(env_cfg.get('dist_cfg', {}).get('port', 29500))
            seconds = env_cfg.get('dist_cfg', {}).get('timeout')
            dist.init_process_group('gloo', timeout=None if seconds is None else timedelta(seconds=seconds))
        super().setup_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """Wrap for several processes; without device ids on CPUs."""
        if self.cfg.get('amp') and self.optim_wrapper is not None:
            check_amp(self.cfg.amp, self.optim_wrapper, model)
            use_channels_last(model)
        self._turn_on_checkpointing(model)
        if not self.distributed or torch.cuda.is_available() or model_wrapper_cfg is not None:
            return super().wrap_model(model_wrapper_cfg, model)
        if self.cfg.get('sync_bn') is not None:
            raise ValueError(f'sync_bn: expected None without GPUs, got {self.cfg.sync_bn!r}')
        return MMDistributedDataParallel(
            module=model.to(get_device()),
            broadcast_buffers=False,
            find_unused_parameters=self.cfg.get('find_unused_parameters', False),
        )

    def build_optim_wrapper(self, optim_wrapper: Any) -> Any:
        """Choose the precision first: the data set and the model, which it depends on, are there."""
        if self.cfg.get('amp') and isinstance(optim_wrapper, dict):
            self.precision = apply_amp(self, self._earlier(CHOICE))
        return super().build_optim_wrapper(optim_wrapper)

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """The host's, which would meet an epoch without a step with an assertion."""
        check_steps(self)
        return super().build_param_scheduler(scheduler)

    def _turn_on_checkpointing(self, model: nn.Module) -> None:
        names = self.cfg.get('activation_checkpointing')
        if not names:
            return
        if self.cfg.get('compile'):
            raise ValueError('activation_checkpointing: expected no compile beside it, got both')
        parts = checkpoint_activations(model, names)
        self.logger.info(f'Activation checkpointing of {len(parts)} parts, {parts[0]} to {parts[-1]}')

    def dump_config(self) -> None:
        """Write the config into the work directory, and take out what the host would act on in turn."""
        if self.trains:
            super().dump_config()
        for handler in self.logger.handlers:
            handler.removeFilter(_is_short)
        self.logger.info(f'Environment, config and hooks are in the log file in {self._log_dir}')
        self.cfg.pop('activation_checkpointing', None)

    def _maybe_compile(self, target: str) -> None:
        """Compile the network instead of the host's choice, the whole step."""
        if self.cfg.get('compile'):
            parts = compile_network(unwrap(self.model), self.cfg.compile)
            self.logger.info(f'Compiling {" and ".join(parts)}: the first steps take long')

    def register_default_hooks(self, hooks: dict[str, Any] | None = None) -> None:
        """The host's hooks, one of which would wait for the GPU at each step."""
        super().register_default_hooks({'runtime_info': {'type': 'agmax_mm.StepValuesHook'}, **(hooks or {})})

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Resume, also into a run of another length, whose schedules go on where they would be by then."""
        schedulers = self.param_schedulers if isinstance(self.param_schedulers, list) else []
        states = [copy.deepcopy(part.state_dict()) for part in schedulers if hasattr(part, 'state_dict')]
        groups = self.optim_wrapper.param_groups if states else []
        first = [{part.param_name: group[part.param_name] for part in schedulers} for group in groups]
        super().resume(filename, *args, **kwargs)
        resumed = self.param_schedulers
        if not states or [settings_of(state) for state in states] == [settings_of(vars(part)) for part in resumed]:
            return
        steps = [part._global_step for part in resumed]
        groups = self.optim_wrapper.param_groups
        now = groups[0]['lr']
        for group, values in zip(groups, first, strict=True):
            group.update(values)
        for part, state in zip(resumed, states, strict=True):
            part.load_state_dict(state)
        replay(resumed, steps)
        self.logger.warning(
            "resume: the checkpoint's run had a schedule of another length; the learning rate goes on where it would "
            f'be in this one, at {groups[0]["lr"]:.6g} in place of {now:.6g}'
        )

    def _earlier(self, name: str) -> Any:
        """An entry in the record of the run that this one resumes."""
        record = Path(self.work_dir) / RESULT_FILE
        return json.loads(record.read_text(encoding='utf-8')).get(name) if self._resume and record.is_file() else None

    def load_checkpoint(
        self,
        filename: str,
        map_location: str | Callable[..., Any] = 'cpu',
        strict: bool = False,
        revise_keys: list[Any] | None = None,
    ) -> dict[str, Any]:
        """Load a checkpoint file after making sure that reading it runs no code.

        Resuming and testing take the whole model from the file, training from ``load_from`` at least its backbone. The
        AgMax and the CutMix authors' files are taken as they are, but for resuming.

        Raises:
            ValueError: If the file is missing, holds other objects than weights, or is of another network.
        """
        testing = not self._resume and not isinstance(self._train_loop, BaseLoop)
        file = read_checkpoint(filename)
        if file.owner is not None and self._resume:
            raise ValueError(
                f"checkpoint {filename!r}: expected one of this package's to resume, got {file.owner}, whose weights "
                'load_from takes'
            )
        checkpoint = self._fitted(file.own(), testing=testing)
        # The host's method would read the file again, as it is.
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        _load_checkpoint_to_model(
            unwrap(self.model), checkpoint, strict, revise_keys=revise_keys or [(r'^module.', '')]
        )
        self._has_loaded = True
        self.logger.info(f'Load checkpoint from {filename}')
        checkpoint.get('meta', {}).pop('config', None)
        return checkpoint

    def _fitted(self, file: Checkpoint, *, testing: bool) -> dict[str, Any]:
        """The content of a file whose tensors are those of the model; the host would skip what does not fit.

        The agreement's parameters are of use in training alone: a plain classifier does without them, and testing
        leaves them out. Where both have them for training, they must be of one shape.
        """
        tensors = file.tensors
        if testing:
            tensors = {name: value for name, value in tensors.items() if not name.startswith(_AGREEMENT)}
        whole = testing or self._resume
        require_match(
            file.path, tensors, unwrap(self.model), within='' if whole else 'backbone.', optional=(_AGREEMENT,)
        )
        return {**file.content, 'state_dict': tensors}


class EvaluationRunner(Runner):
    """A runner that trains nothing: the config that a training has left in the folder stays, and its own is logged."""

    trains = False


def _is_short(record: logging.LogRecord) -> bool:
    """Whether a record is no dump of the environment, the config or the hooks, which have hundreds of lines."""
    return record.levelno > logging.INFO or record.getMessage().count('\n') < _DUMP_LINES


def _slurm_to_env(port: int) -> None:
    """The variables that torch reads, from those that Slurm sets. The first node of the list is the master."""
    import subprocess

    nodes = subprocess.run(
        ['scontrol', 'show', 'hostname', os.environ['SLURM_NODELIST']], capture_output=True, text=True, check=True
    )
    os.environ.setdefault('MASTER_PORT', str(port))
    os.environ.setdefault('MASTER_ADDR', nodes.stdout.split()[0])
    os.environ['WORLD_SIZE'] = os.environ['SLURM_NTASKS']
    os.environ['RANK'] = os.environ['SLURM_PROCID']
    os.environ['LOCAL_RANK'] = os.environ.get('SLURM_LOCALID', '0')
