"""What else people prepare two views with, each at its best settings, on the same work as this package.

The work: decode a JPEG file, and make two views with resized crop, flip and colour jitter, with AutoAugment or without,
as collated ``uint8`` batches ``(N, C, H, W)``. Peers are optional: a page names those that are not installed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
import torchvision.transforms as T
import torchvision.transforms.v2 as v2
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.io import ImageReadMode, decode_jpeg

from benchmarks.suites.data_paths import Epoch, consume

SIDE = 224
_JITTER = (0.4, 0.4, 0.4)
# Takes the content of a file to a view's image, and the image to a view.
Steps = tuple[Callable[[bytes], Any], Callable[[Any], Tensor]]


@dataclass(frozen=True)
class Peer:
    """Another way to the same views.

    Attributes:
        name: What the page calls it.
        module: Its module, which may not be installed.
        distributions: Names of its distributions, one of which is installed, for its version.
        build: Function from the files' contents, ``autoaugment`` and the size of a batch to an epoch.
        autoaugment: Whether it has AutoAugment.
    """

    name: str
    module: str
    distributions: tuple[str, ...]
    build: Callable[[Sequence[bytes], bool, int], Epoch]
    autoaugment: bool = True

    def version(self) -> str | None:
        """The installed version, or ``None``."""
        if importlib.util.find_spec(self.module.partition('.')[0]) is None:
            return None
        for name in self.distributions:
            try:
                return importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue
        return None


class _Views(torch.utils.data.Dataset[Any]):
    def __init__(self, contents: Sequence[bytes], steps: Steps) -> None:
        self.contents = contents
        self.decode, self.augment = steps

    def __len__(self) -> int:
        return len(self.contents)

    def __getitem__(self, index: int) -> Any:
        image = self.decode(self.contents[index])
        return [self.augment(image), self.augment(image)], index % 10


def _loaded(steps: Callable[[bool], Steps]) -> Callable[[Sequence[bytes], bool, int], Epoch]:
    def build(contents: Sequence[bytes], autoaugment: bool, batch: int) -> Epoch:
        loader = DataLoader(_Views(contents, steps(autoaugment)), batch_size=batch, shuffle=True)
        return lambda: consume(loader)

    return build


def _pillow(autoaugment: bool) -> Steps:
    policy = [T.AutoAugment()] if autoaugment else []
    augment = T.Compose(
        [
            T.RandomResizedCrop(SIDE),
            T.RandomHorizontalFlip(),
            *policy,
            T.ColorJitter(*_JITTER),
            T.PILToTensor(),
        ]
    )
    return lambda content: Image.open(io.BytesIO(content)).convert('RGB'), augment


def _torchvision(autoaugment: bool) -> Steps:
    policy = [v2.AutoAugment()] if autoaugment else []
    augment = v2.Compose(
        [v2.RandomResizedCrop(SIDE, antialias=True), v2.RandomHorizontalFlip(), *policy, v2.ColorJitter(*_JITTER)]
    )

    def decode(content: bytes) -> Tensor:
        return decode_jpeg(torch.frombuffer(bytearray(content), dtype=torch.uint8), mode=ImageReadMode.RGB)

    return decode, augment


def _albumentations(*, antialiased: bool) -> Callable[[bool], Steps]:
    def build(autoaugment: bool) -> Steps:
        import albumentations as A
        from albumentations.pytorch import ToTensorV2

        assert not autoaugment
        augment = A.Compose(
            [
                A.RandomResizedCrop((SIDE, SIDE), interpolation=cv2.INTER_AREA if antialiased else cv2.INTER_LINEAR),
                A.HorizontalFlip(),
                A.ColorJitter(*((1 - width, 1 + width) for width in _JITTER), hue=(0, 0), p=1),
                ToTensorV2(),
            ]
        )
        return lambda content: cv2.imdecode(
            np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB
        ), lambda image: augment(image=image)['image']

    return build


def _dali(*, decode_once: bool) -> Callable[[Sequence[bytes], bool, int], Epoch]:
    """The pipeline on one thread, without a GPU."""

    def build(contents: Sequence[bytes], autoaugment: bool, batch: int) -> Epoch:
        from nvidia.dali import fn, pipeline_def, types
        from nvidia.dali.auto_aug import auto_augment

        arrays = [np.frombuffer(content, np.uint8) for content in contents]

        # Nothing is prepared ahead: such work would count as that of the next path.
        ahead = {'exec_async': False, 'exec_pipelined': False, 'exec_dynamic': False, 'prefetch_queue_depth': 1}

        @pipeline_def(batch_size=batch, num_threads=1, device_id=None, enable_conditionals=True, **ahead)
        def views() -> Any:
            encoded = fn.external_source(
                source=lambda sample: arrays[sample.idx_in_epoch % len(arrays)], batch=False, dtype=types.UINT8
            )
            boxes = {'random_area': [0.08, 1.0], 'random_aspect_ratio': [3 / 4, 4 / 3]}
            size = {'size': SIDE, 'antialias': True, 'interp_type': types.INTERP_TRIANGULAR}
            whole = fn.decoders.image(encoded, output_type=types.RGB) if decode_once else None
            outputs = []
            for _ in range(2):
                if whole is not None:
                    view = fn.random_resized_crop(whole, **boxes, **size)
                else:
                    view = fn.resize(fn.decoders.image_random_crop(encoded, output_type=types.RGB, **boxes), **size)
                mirror = fn.random.coin_flip(dtype=types.BOOL)
                if autoaugment:
                    view = fn.flip(view, horizontal=fn.cast(mirror, dtype=types.INT32))
                    view = auto_augment.auto_augment_image_net(view, shape=[SIDE, SIDE])
                factors = [fn.random.uniform(range=[1 - width, 1 + width]) for width in _JITTER]
                view = fn.color_twist(view, brightness=factors[0], contrast=factors[1], saturation=factors[2])
                outputs.append(
                    fn.crop_mirror_normalize(
                        view,
                        mirror=0 if autoaugment else fn.cast(mirror, dtype=types.INT32),
                        dtype=types.UINT8,
                        output_layout='CHW',
                    )
                )
            return tuple(outputs)

        pipeline = views()
        pipeline.build()

        def epoch() -> None:
            for _ in range(-(-len(contents) // batch)):
                for view in pipeline.run():
                    torch.from_numpy(view.as_array())

        return epoch

    return build


_DALI = ('nvidia-dali-cuda120', 'nvidia-dali-cuda130')
PEERS = (
    *(
        Peer(
            f'albumentations, {resize}',
            'albumentations',
            ('albumentations',),
            _loaded(_albumentations(antialiased=antialiased)),
            autoaugment=False,
        )
        for resize, antialiased in (('no antialiasing', False), ('averages of areas', True))
    ),
    Peer('torchvision v2, uint8 tensors', 'torchvision', ('torchvision',), _loaded(_torchvision)),
    Peer('Pillow and torchvision, uint8', 'PIL', ('pillow',), _loaded(_pillow)),
    Peer('DALI on the CPU, decode once', 'nvidia.dali', _DALI, _dali(decode_once=True)),
    Peer('DALI on the CPU, decode crops', 'nvidia.dali', _DALI, _dali(decode_once=False)),
)
