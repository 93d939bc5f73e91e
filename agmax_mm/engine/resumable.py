"""The part of the runner that saves, stops and goes on: a run that was killed anywhere ends as if it had not been."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.runner import BaseLoop
from mmengine.runner import Runner as HostRunner
from mmengine.visualization import Visualizer
from torch import Tensor
from torch.utils.data import DataLoader

from agmax_mm.checkpoints.files import STOPPED, newest_checkpoint, set_newer_aside
from agmax_mm.engine.hooks.checkpoint import SafeCheckpointHook
from agmax_mm.engine.loops import IMAGES_OF_EPOCH, OWN_LOOPS, EpochTrainLoop, may_stop
from agmax_mm.engine.rank_buffers import gather_buffers
from agmax_mm.engine.stopping import Stopped, StopRequest, keep_workers
from agmax_mm.fileio import atomic_path, write_text
from agmax_mm.host import unwrap
from agmax_mm.wording import first_names

_HOST_SAVER = 'CheckpointHook'
# Numbers the runs of this process.
_number = itertools.count()


class ResumableRunner(HostRunner):
    """The host's runner with these differences.

    - Checkpoints appear whole or not at all, and what a kill at any place leaves is put in order by the resumed run,
      see :class:`~agmax_mm.engine.hooks.SafeCheckpointHook` and :class:`~agmax_mm.engine.hooks.InterruptionHook`.
    - Resuming takes the newest whole checkpoint that is there, whatever ``last_checkpoint`` says.
    - A run that is asked to stop saves where it is, also within an epoch, and goes on from there.
    - Two runs that one process begins within a second keep their own logs and scalars.
    """

    # The step of the newest checkpoint that can be resumed, and its name.
    _saved: tuple[int, str] = (-1, '')
    # What the resumed checkpoint says of the epoch that it is in.
    images_of_epoch = 0
    # What goes into the next checkpoint.
    buffers_of_ranks: list[dict[str, Tensor]] | None = None
    # Set by the host.
    _load_from: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.stop_request = StopRequest()
        number = next(_number)
        if number:  # The host finds loggers and visualizers by this name and the second in which the run began.
            file = getattr(kwargs.get('cfg'), 'filename', None)
            name = kwargs.get('experiment_name') or Path(file or 'run').stem
            kwargs['experiment_name'] = f'{name}_{number}'
        super().__init__(*args, **kwargs)
        # Where the checkpoints lie, which is known for sure when training begins.
        self._folder = Path(self.work_dir)

    def register_default_hooks(self, hooks: dict[str, Any] | None = None) -> None:
        """The host's hooks, with this package's in place of the one that saves."""
        hooks = {'checkpoint': {'type': _HOST_SAVER}, **(hooks or {})}
        saver = hooks['checkpoint']
        if isinstance(saver, dict) and saver.get('type') == _HOST_SAVER:
            hooks['checkpoint'] = {**saver, 'type': 'agmax_mm.SafeCheckpointHook'}
        super().register_default_hooks(hooks)

    def register_hooks(self, *args: Any, **kwargs: Any) -> None:
        """Register the hooks, and one behind all of them."""
        super().register_hooks(*args, **kwargs)
        self.register_hook({'type': 'agmax_mm.InterruptionHook'})

    def build_train_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
        """Build the training loop; in place of the host's it is one that stops in order."""
        if isinstance(loop, dict) and ('type' in loop) != ('by_epoch' in loop):  # the host refuses both and neither
            loop = dict(loop)
            name = 'EpochBasedTrainLoop' if loop.pop('by_epoch', True) else 'IterBasedTrainLoop'
            name = loop.pop('type', name)
            loop['type'] = OWN_LOOPS.get(name, name)
        return super().build_train_loop(loop)

    def build_visualizer(self, visualizer: Visualizer | dict[str, Any] | None = None) -> Visualizer:
        """Build a visualizer of this run's own: detectors name theirs, and a later run would get the first one's."""
        if isinstance(visualizer, dict):
            visualizer = {**visualizer, 'name': self.experiment_name}
        return super().build_visualizer(visualizer)

    @staticmethod
    def build_dataloader(dataloader: Any, *args: Any, **kwargs: Any) -> DataLoader:
        """Build a loader whose workers outlive the signals that stop a run in order."""
        return keep_workers(HostRunner.build_dataloader(dataloader, *args, **kwargs))

    def stop_if_asked(self, before: Callable[[], object] | None = None) -> None:
        """Save and stop where a signal has asked for it, at a place that a checkpoint can hold.

        Args:
            before: What has to be undone before the run is saved.

        Raises:
            Stopped: If the processes have agreed to stop.
        """
        if not (self.stop_request.agreed() and may_stop(self.optim_wrapper)):
            return
        if before is not None:
            before()
        if self._saved[0] != self.iter:
            meta = {'epoch': self.epoch, 'iter': self.iter}
            self.save_checkpoint(str(self._folder), STOPPED.format(self.iter), meta=meta)
        signal = self.stop_request.signal
        assert signal is not None
        self.logger.warning(f'{signal.name}: stopped at step {self.iter}; --resume goes on from {self._saved[1]}')
        raise Stopped

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Resume, also within an epoch."""
        super().resume(filename, *args, **kwargs)
        if isinstance(self.train_loop, EpochTrainLoop):
            self.train_loop.go_on(self.images_of_epoch)

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        *args: Any,
        save_optimizer: bool = True,
        meta: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Save a checkpoint whole or not at all: a run that is killed meanwhile keeps the one of that name it had.

        Raises:
            OSError: If it cannot be written, such as where the disk is full.
        """
        meta = dict(meta or {})
        resumable = save_optimizer and {'epoch', 'iter'} <= meta.keys()
        if resumable and isinstance(self.train_loop, EpochTrainLoop):
            meta[IMAGES_OF_EPOCH] = self.train_loop.images_of_epoch(meta)
        self.buffers_of_ranks = gather_buffers(unwrap(self.model)) if resumable else None
        self._write(out_dir, filename, *args, save_optimizer=save_optimizer, meta=meta, **kwargs)
        if resumable:
            self._saved = (meta['iter'], filename)
            self._note_last(f'{out_dir}/{filename}')
            self._remove_stopped(filename)

    @master_only
    def _write(self, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        if '://' in out_dir:  # not a disk
            super().save_checkpoint(out_dir, filename, *args, **kwargs)
            return
        path = Path(out_dir) / filename
        try:
            with atomic_path(path) as temporary:
                super().save_checkpoint(out_dir, temporary.name, *args, **kwargs)
        except OSError as error:
            why = f'{error.strerror or error}; the checkpoint is not written, earlier ones are whole'
            raise OSError(error.errno or errno.EIO, f'{why}, and --resume goes on', str(path)) from error

    @master_only
    def _note_last(self, path: str) -> None:
        """Name the newest checkpoint for the host's tools."""
        write_text(path, Path(self.work_dir) / 'last_checkpoint')

    @master_only
    def _remove_stopped(self, filename: str) -> None:
        """Remove the checkpoints at which the run was stopped before this one."""
        for stopped in self._folder.glob(STOPPED.format('*')):
            if stopped.name != filename:
                stopped.unlink(missing_ok=True)

    def load_or_resume(self) -> None:
        """Load initial weights or go on; without a named file, from the newest whole checkpoint of the work directory.

        The host would take the path in ``last_checkpoint``, which is that of another place once the folder was moved,
        and may be missing, empty or of a damaged file.
        """
        self._folder = self._checkpoint_folder()
        goes_back = self._resume and self._load_from is not None and not self._has_loaded
        if self._resume and self._load_from is None and not self._has_loaded:
            damaged: list[Path] = []
            newest = newest_checkpoint(self._folder, damaged)
            if damaged:
                names = first_names(path.name for path in damaged)
                self.logger.warning(f'resume: passed over {names}, which cannot be read')
            if newest is None:
                self.logger.info(f'resume: {self._folder} holds no whole checkpoint, training begins anew')
                return
            self._load_from = str(newest)
        super().load_or_resume()
        if not (self._resume and self._has_loaded):
            return
        # The folder may have been moved or copied since: the host would delete the best checkpoint of the old place.
        for name, path in list(self.message_hub.runtime_info.items()):
            if name.startswith(('best_ckpt', 'last_ckpt')) and isinstance(path, str) and '://' not in path:
                self.message_hub.update_info(name, str(self._folder / Path(path).name))
        if goes_back:
            self._set_newer_aside()
        resumed = Path(self._load_from)
        if resumed.resolve().parent == self._folder.resolve():
            self._saved = (self.iter, resumed.name)
            self._note_last(str(self._folder / resumed.name))

    @master_only
    def _set_newer_aside(self) -> None:
        """Let no checkpoint that the run goes back behind be taken for its newest one later."""
        names = set_newer_aside(self._folder, epoch=self.epoch, step=self.iter)
        if names:
            self.logger.warning(f'resume: checkpoints behind step {self.iter} are set aside as {first_names(names)}')

    def _checkpoint_folder(self) -> Path:
        """Where the run's checkpoints lie: in its work directory, or below the ``out_dir`` of the hook that saves."""
        places = [getattr(hook, 'out_dir', None) for hook in self.hooks if isinstance(hook, SafeCheckpointHook)]
        local = [Path(place) for place in places if place and '://' not in str(place)]
        return local[0] / Path(self.work_dir).name if local else Path(self.work_dir)
