"""The host's loops, which stop in order when they are asked to, and go on within an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch.utils.data import DataLoader

# In the note of a checkpoint: images of the epoch begun that all processes have seen.
IMAGES_OF_EPOCH = 'images_of_epoch'


class EpochTrainLoop(EpochBasedTrainLoop):
    """The host's loop over epochs, which can stop within one, and begin where an earlier process has stopped."""

    # Batches of this epoch that an earlier process has made, and the number of steps before the epoch's first.
    _made = 0
    _steps_before = 0

    def images_of_epoch(self, meta: Mapping[str, int]) -> int:
        """Images that all processes have seen of the epoch that a checkpoint is in, by the places in its ``meta``."""
        if meta['epoch'] != self._epoch:  # it is saved at the end of an epoch, as of the next one
            return 0
        return (meta['iter'] - self._steps_before) * self._images_of_step()

    def go_on(self, images: int) -> None:
        """Begin with the current epoch's part behind so many images, of all processes."""
        self._made = images // self._images_of_step()
        self._steps_before = self._iter - self._made

    @property
    def is_within_epoch(self) -> bool:
        """Whether the loop begins behind the first step of an epoch."""
        return self._made > 0

    def run_epoch(self) -> None:
        """Make the rest of an epoch."""
        skip_batches(self.dataloader, self._made)
        self._steps_before = self._iter - self._made
        super().run_epoch()
        self._made, self._steps_before = 0, self._iter
        self.runner.stop_if_asked()

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Make a step, and stop behind it if that is asked for; behind the last one the epoch ends first."""
        place = idx + self._made
        super().run_iter(place, data_batch)
        if place + 1 < len(self.dataloader):
            self.runner.stop_if_asked()

    def _images_of_step(self) -> int:
        # Without a batch size of its own the sampler deals out images one by one, or in batches of unknown sizes.
        return (self.dataloader.batch_size or 1) * self.runner.world_size


class IterTrainLoop(IterBasedTrainLoop):
    """The host's loop over steps, which stops behind one if that is asked for."""

    def run_iter(self, data_batch: Any) -> None:
        """Make a step."""
        super().run_iter(data_batch)
        self.runner.stop_if_asked()


# In place of the host's, by the names that configs know them by.
OWN_LOOPS = {'EpochBasedTrainLoop': EpochTrainLoop, 'IterBasedTrainLoop': IterTrainLoop}


def validation_is_due(runner: Any) -> bool:
    """Whether the host's loop would validate now, behind the steps and epochs that are made."""
    loop = runner.train_loop
    if runner.val_loop is None or getattr(loop, 'is_within_epoch', False) or not runner.iter:
        return False
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    if not by_epoch and not isinstance(loop, IterBasedTrainLoop):
        return False
    loop._decide_current_val_interval()
    done, last = (loop.epoch, loop.max_epochs) if by_epoch else (loop.iter, loop.max_iters)
    return bool(done >= loop.val_begin and (done % loop.val_interval == 0 or done == last))


def may_stop(optim_wrapper: Any) -> bool:
    """Whether the optimiser has taken in all gradients so far: a checkpoint holds none."""
    return not isinstance(optim_wrapper, OptimWrapper) or optim_wrapper.should_update()


def skip_batches(loader: DataLoader, count: int) -> None:
    """Leave out the first batches of a loader's next iteration, without loading them."""
    if not count:
        return
    batches = loader.batch_sampler
    if not hasattr(batches, 'batches_to_skip'):
        # A class of its own, not a wrapper, as in agmax_mm.engine.seeding.
        batches.__class__ = _skipping(type(batches))
    batches.batches_to_skip = count  # type: ignore[union-attr]


def _skipping(kind: type[Any]) -> type[Any]:
    class Skipping(kind):
        batches_to_skip = 0

        def __iter__(self) -> Iterator[Any]:
            count, self.batches_to_skip = self.batches_to_skip, 0
            for number, batch in enumerate(super().__iter__()):
                if number >= count:
                    yield batch

    return Skipping
