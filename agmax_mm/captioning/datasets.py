"""Pictures with captions, as data of the host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from torch import Tensor

from agmax_mm.captioning.files import read_captions
from agmax_mm.datasets.image_files import check_headers
from agmax_mm.registry import DATASETS
from agmax_mm.wording import first_names


@DATASETS.register_module()
class CaptionDataset(BaseDataset):
    """Pictures with captions, from COCO's annotations or Karpathy's splits.

    For training there is a sample for each caption, with ``gt_caption``; with ``test_mode`` one for each picture, with
    ``gt_captions``, all of its captions. Both have ``image_id`` and ``img_path``. A line of the log says what was left
    out of the file, see :func:`agmax_mm.captioning.files.read_captions`.

    Args:
        ann_file: The caption file, relative to ``data_root``.
        data_root: Folder of the data.
        image_dir: Folder of the pictures, relative to ``data_root``.
        splits: Splits to take of a file in Karpathy's form, such as ``('train', 'restval')``.
        pipeline: Transforms; the last one packs the inputs.
        test_mode: Whether a sample is a picture, not a caption.
        indices: Take only the first samples, or those at some places, as in the host.
        lazy_init: As in the host.

    Raises:
        ValueError: If the file is faulty, or a picture is missing or damaged.
    """

    # Of a frozen backbone, shape (number of pictures, C): they take the place of the pictures.
    features: Tensor | None = None

    def __init__(
        self,
        ann_file: str,
        *,
        data_root: str = '',
        image_dir: str = '',
        splits: Sequence[str] | None = None,
        pipeline: Sequence[dict[str, Any]] = (),
        test_mode: bool = False,
        indices: int | Sequence[int] | None = None,
        lazy_init: bool = False,
    ) -> None:
        self.splits = None if splits is None else tuple(splits)
        # Paths of the pictures, in the order of the rows of the features.
        self.paths: list[str] = []
        super().__init__(
            ann_file=ann_file,
            data_root=str(Path(data_root).expanduser()) if data_root else '',
            data_prefix={'img_path': image_dir},
            pipeline=list(pipeline),
            test_mode=test_mode,
            indices=indices,
            lazy_init=lazy_init,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read the file, and look for the pictures."""
        file = read_captions(self.ann_file, self.splits)
        if is_main_process():
            print_log(file.summary(), logger='current')
        folder = self.data_prefix['img_path']
        self.paths = [os.path.join(folder, image.file) for image in file.images]
        _check_pictures(file.source, self.paths)
        samples: list[dict[str, Any]] = []
        for row, (path, image) in enumerate(zip(self.paths, file.images, strict=True)):
            facts = {'img_path': path, 'image_id': image.number, 'row': row}
            if self.test_mode:
                samples.append({**facts, 'gt_captions': list(image.captions)})
            else:
                samples += [{**facts, 'gt_caption': caption} for caption in image.captions]
        return samples

    def prepare_data(self, idx: int) -> Any:
        """A sample of the pipeline, or its features with what the pipeline's last transform packs beside them."""
        if self.features is None:
            return super().prepare_data(idx)
        info = self.get_data_info(idx)
        return self.pipeline.transforms[-1]({**info, 'img': self.features[info['row']]})


def _check_pictures(source: str, paths: Sequence[str]) -> None:
    folders = {
        folder: set(os.listdir(folder)) for folder in {os.path.dirname(path) for path in paths} if os.path.isdir(folder)
    }
    missing = [path for path in paths if os.path.basename(path) not in folders.get(os.path.dirname(path), ())]
    if missing:
        raise ValueError(
            f'captions {source!r}: expected a picture for each of {len(paths)} images, {len(missing)} do not exist: '
            f'{first_names(missing)}; data_root and image_dir say where they are'
        )
    check = check_headers(paths)
    damaged = [f'{path} ({reason})' for path, reason in check.unreadable.items()]
    damaged += [f'{path} (cut off)' for path in check.cut_off]
    if damaged:
        raise ValueError(
            f'captions {source!r}: {len(damaged)} of {check.checked} pictures that were looked at are damaged: '
            f'{first_names(damaged)}'
        )
