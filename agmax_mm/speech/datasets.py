"""Speech Commands: short recordings of single words, and silence."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset
from numpy.typing import NDArray

from agmax_mm.datasets.image_files import check_headers
from agmax_mm.datasets.image_store import ImageStore
from agmax_mm.registry import DATASETS, TRANSFORMS
from agmax_mm.speech.layouts import find_recordings
from agmax_mm.speech.recordings import fixed, read_recording, recording_state

SILENCE = 'silence'


@TRANSFORMS.register_module()
class LoadRecording(BaseTransform):
    """Read a recording as a waveform of a fixed length.

    Required key: ``img_path``; an empty one is silence. Added key: ``img``, float32 of shape ``(num_samples,)``. What
    is longer is cut off, what is shorter filled up with silence. The steps on the device may read more than the second
    that is left in the end: a recording that is played 1.25 times as fast.

    Args:
        sample_rate: Samples a second.
        num_samples: Length of the waveform.

    Raises:
        ValueError: If a file is no recording.
    """

    def __init__(self, sample_rate: int = 16000, num_samples: int = 20000) -> None:
        self.sample_rate = sample_rate
        self.num_samples = num_samples

    def load(self, path: str) -> NDArray[np.float32]:
        """Read a file; an empty path is silence."""
        waveform = read_recording(path, self.sample_rate) if path else np.zeros(0, np.float32)
        return fixed(waveform, self.num_samples)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the waveform."""
        results['img'] = self.load(results['img_path'])
        return results


@DATASETS.register_module()
class SpeechCommands(BaseDataset):
    """Words from the archives of Speech Commands, versions 0.01 and 0.02, or from folders of splits.

    See :func:`agmax_mm.speech.layouts.find_recordings` for the layouts. Each sample has ``img_path``, ``gt_label`` and
    ``split``. All files are looked at when the data set is built, or 5,000 at even distances.

    Args:
        data_root: Folder of the data set.
        splits: ``'train'``, ``'valid'`` or ``'test'``, or several of them.
        words: The words, see :func:`~agmax_mm.speech.layouts.find_recordings`.
        silence: With a number, class 0 is silence, and so many clips of it, as a share of the recordings, are added.
            The AgMax authors add 0.05 to all splits. None is a data set without this class.
        in_memory: Read every recording once, before training, and keep all in memory. The pipeline must begin with
            :class:`LoadRecording`.
        pipeline: Transforms of a sample.
        **kwargs: The host's other options.

    Raises:
        ValueError: If the layout is another one, a list matches no file, or a file is no recording.
    """

    def __init__(
        self,
        data_root: str,
        splits: str | Sequence[str],
        *,
        words: str | Sequence[str] | None = None,
        silence: float | None = None,
        in_memory: bool = False,
        pipeline: Sequence[Any] = (),
        **kwargs: Any,
    ) -> None:
        if silence is not None and not silence >= 0:
            raise ValueError(f'SpeechCommands.silence: expected a share of at least 0, or None, got {silence}')
        self.root = Path(data_root).expanduser()
        self.splits = [splits] if isinstance(splits, str) else list(splits)
        self.words = words
        self.silence = silence
        self.in_memory = in_memory
        self.store: ImageStore | None = None
        super().__init__(ann_file='', data_root=str(self.root), pipeline=pipeline, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Find the recordings, look at them and, with ``in_memory``, read them."""
        first = 0 if self.silence is None else 1
        items: list[dict[str, Any]] = []
        for split in self.splits:
            found = find_recordings(self.root, split, self.words)
            self._log(found.notes)
            self._metainfo['classes'] = (SILENCE,) * first + found.words
            labels = {word: first + place for place, word in enumerate(found.words)}
            own = [
                {'img_path': os.path.join(self.root, path), 'gt_label': labels[word], 'split': split}
                for path, word in found.files
            ]
            silent = {'img_path': '', 'gt_label': 0, 'split': split}
            clips = int(len(own) * (self.silence or 0))
            if self.silence and not clips:
                self._log(
                    [f'{split} has no clip of silence: {self.silence} of {len(own)} recordings are less than one']
                )
            items += own + [dict(silent) for _ in range(clips)]
        self._check_files([item['img_path'] for item in items if item['img_path']])
        if self.in_memory:
            self._keep(items)
        return items

    def prepare_data(self, idx: int) -> Any:
        """Load and pack a sample."""
        info = self.get_data_info(idx)
        if self.store is not None:
            info['img'] = self.store[info.pop('place')].view(np.float32)
        return self.pipeline(info)

    def _keep(self, items: list[dict[str, Any]]) -> None:
        steps = self.pipeline.transforms
        if not steps or not isinstance(steps[0], LoadRecording):
            raise ValueError(
                'SpeechCommands.in_memory: expected a pipeline that begins with LoadRecording, '
                f'got {type(steps[0]).__name__ if steps else "an empty one"}'
            )
        load = steps.pop(0)
        self.store = ImageStore(
            lambda index: load.load(items[index]['img_path']).view(np.uint8),
            len(items),
            f'SpeechCommands {"+".join(self.splits)}',
            things='recordings',
        )
        for place, item in enumerate(items):
            item['place'] = place

    def _check_files(self, paths: list[str]) -> None:
        check = check_headers(paths, state=recording_state)
        check.refuse_unreadable('SpeechCommands: expected recordings', str(self.root), len(paths))
        if note := check.note_of_cut_off('recordings', len(paths)):
            self._log([note])

    def _log(self, lines: Sequence[str]) -> None:
        if is_main_process():
            for line in lines:
                print_log(f'SpeechCommands {self.root}: {line}', logger='current', level=logging.WARNING)
