"""Corruptions beside their authors' formulas; the speed of attacks and of making corrupted images."""

from __future__ import annotations

import inspect
import io
from multiprocessing import get_context
from typing import Any

import imagecorruptions
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image as Picture
from torch import Tensor, nn

from agmax_mm import functional as AF
from agmax_mm.datasets.transforms.corrupt import SEVERITIES, Corrupt
from agmax_mm.datasets.transforms.corruptions import CORRUPTIONS
from agmax_mm.machine import usable_cores
from benchmarks.robustness.networks import ResNet20, SqueezeNet
from benchmarks.suites.corruption_formulas import FORMULAS, corrupted
from benchmarks.suites.photographs import jpeg_files
from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import interleave, ratio

Image = NDArray[np.uint8]
_SIDE = 224
_PHOTOGRAPHS = 2
_EPS = 0.03


def run(options: Options) -> Outcome:
    """Measure all three."""
    images = [_middle(content) for content in jpeg_files(options.images, _PHOTOGRAPHS)]
    rounds = options.rounds or 5
    options.say('corruptions beside the formulas')
    differences = compare(images)
    options.say('zoom_blur')
    seconds = interleave(
        {
            'package': lambda: [imagecorruptions.corrupt(images[0], severity, 'zoom_blur') for severity in SEVERITIES],
            'here': lambda: [CORRUPTIONS['zoom_blur'](images[0], severity) for severity in SEVERITIES],
        },
        rounds=rounds,
    )
    zoom = ratio(seconds['package'], seconds['here'])
    options.say('attacks')
    networks = {
        'linear, 32 px': (_linear(), 32, 128),
        'ResNet-20, 32 px': (_resnet20(), 32, 128),
        'SqueezeNet, 224 px': (_squeezenet(), 224, 8),
    }
    attacks = {name: attack_speed(network, side, rounds, batch) for name, (network, side, batch) in networks.items()}
    options.say('cores')
    cores = usable_cores()
    many = interleave(
        {'one': lambda: _made(images, 1), 'all': lambda: _made(images, cores)}, rounds=min(rounds, 3), warmup=1
    )
    speedup = ratio(many['one'], many['all'])
    return Outcome(
        "Robustness: corruptions beside their authors' formulas, and speed",
        f'{_PHOTOGRAPHS} photographs of {_SIDE} x {_SIDE} pixels, severities 1 to 5, equal seeds; times are medians of '
        'ratios with quartiles.',
        [
            Section('Corruptions', [Text(_WORDS), _difference_table(differences)]),
            Section(
                'Speed',
                [
                    Text(attack_words({name: found.median for name, (_, found) in attacks.items()})),
                    Table(
                        ('what', 'times as fast'),
                        [
                            ('zoom_blur, all severities, as the package makes it', str(zoom)),
                            *(
                                (f'FGSM, batch of {batch} by one image at a time: {name}', str(found))
                                for name, (batch, found) in attacks.items()
                            ),
                            (f'corrupted images on {cores} processes by 1', str(speedup)),
                        ],
                    ),
                ],
            ),
        ],
        {
            'differences': differences,
            'zoom_blur': zoom.median,
            'attacks': {name: found.median for name, (_, found) in attacks.items()},
            'cores': {'processes': cores, 'times_as_fast': speedup.median},
        },
    )


_WORDS = (
    'Levels of 255 between Corrupt and the formulas of make_imagenet_c.py, the generators seeded alike before each. '
    'Change: mean difference to the image itself. Where draws differ, the images are of one distribution, and only the '
    'changes compare. Motion blur and snow: ImageMagick 6 by Wand; a dash where it is not installed.'
)


def attack_words(speedups: dict[str, float]) -> str:
    """Say how the attacks are compared, and which networks reach 10 times the speed of single images."""
    least = 10
    reached = '; '.join(name for name, value in speedups.items() if value >= least) or 'none'
    below = '; '.join(f'{name} ({value:.1f} times)' for name, value in speedups.items() if value < least) or 'none'
    return (
        'FGSM: AF.fgsm on a batch, with the check of the images as they are, by a loop over single images as in the '
        'code of the AgMax authors. On a processor the batch saves the fixed cost of each call; a network that keeps '
        f'the processor busy with one image gains little. At least {least} times as fast: {reached}. '
        f'Less, bound by computing: {below}.'
    )


def compare(images: list[Image]) -> dict[str, dict[str, Any]]:
    """Largest and mean differences over all images and severities, and the mean changes, by corruption."""
    found = {}
    for name in FORMULAS:
        differences, changes, ours = [], [], []
        for number, image in enumerate(images):
            for severity in SEVERITIES:
                seed = 10 * number + severity
                one = _ours(image, name, severity, seed)
                ours.append(np.abs(one.astype(float) - image).mean())
                np.random.seed(seed)
                try:
                    other = corrupted(image, name, severity)
                except ImportError:
                    continue
                differences.append(np.abs(one.astype(int) - other))
                changes.append(np.abs(other.astype(float) - image).mean())
        found[name] = {
            'largest': int(max(map(np.max, differences))) if differences else None,
            'mean': float(np.mean(differences)) if differences else None,
            'change': float(np.mean(ours)),
            'authors_change': float(np.mean(changes)) if changes else None,
        }
    return found


def _ours(image: Image, name: str, severity: int, seed: int) -> Image:
    step = Corrupt(name, severity, seed=None)
    np.random.seed(seed)
    if name not in CORRUPTIONS and 'seed' in inspect.signature(imagecorruptions.corruption_dict[name]).parameters:
        # These seed generators of their own.
        return imagecorruptions.corrupt(image, severity, name, seed=seed)
    return step({'img': image[..., ::-1].copy()})['img'][..., ::-1]


def attack_speed(network: nn.Module, side: int, rounds: int, batch: int) -> tuple[int, Any]:
    """The speed-up of the batched attack over the AgMax authors' loop over single images."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(batch, 3, side, side, generator=generator)
    network.eval().requires_grad_(False)
    with torch.no_grad():
        labels = network(images).argmax(1)  # all right, so that none is skipped

    def batched() -> Tensor:
        with torch.no_grad():
            right = network(images).argmax(1) == labels
            return right & (network(AF.fgsm(network, images, labels, _EPS)).argmax(1) == labels)

    def one_by_one() -> int:
        # As there: gradients of the parameters, too, and a value fetched after each forward pass.
        network.requires_grad_(True)
        right = 0
        for image, label in zip(images.split(1), labels.split(1), strict=True):
            leaf = image.clone().requires_grad_()
            output = network(leaf)
            if output.max(1, keepdim=True)[1].item() != label.item():
                continue
            loss = F.cross_entropy(output, label)
            network.zero_grad()
            loss.backward()
            changed = torch.clamp(leaf + _EPS * leaf.grad.sign(), 0, 1)
            right += network(changed).max(1, keepdim=True)[1].item() == label.item()
        network.requires_grad_(False)
        return right

    seconds = interleave({'batched': batched, 'one': one_by_one}, rounds=rounds)
    return batch, ratio(seconds['one'], seconds['batched'])


def _made(images: list[Image], processes: int) -> None:
    work = [
        (image, name) for image in images for name in ('gaussian_noise', 'elastic_transform', 'fog', 'defocus_blur')
    ]
    if processes == 1:
        list(map(_make, work))
        return
    with get_context('fork').Pool(processes) as pool:
        pool.map(_make, work)


def _make(work: tuple[Image, str]) -> int:
    image, name = work
    return sum(int(Corrupt(name, severity)({'img': image, 'img_path': 'x'})['img'][0, 0, 0]) for severity in SEVERITIES)


def _difference_table(differences: dict[str, dict[str, Any]]) -> Table:
    header = ('corruption', 'largest difference', 'mean difference', 'change', "authors' change")
    rows = []
    for name, found in differences.items():
        means = (found[key] for key in ('mean', 'change', 'authors_change'))
        largest = '–' if found['largest'] is None else str(found['largest'])
        rows.append((name, largest, *('–' if value is None else f'{value:.3f}' for value in means)))
    return Table(header, rows)


def _middle(content: bytes) -> Image:
    picture = Picture.open(io.BytesIO(content)).convert('RGB')
    factor = 256 / min(picture.size)
    picture = picture.resize(
        (round(picture.width * factor), round(picture.height * factor)), Picture.Resampling.BILINEAR
    )
    left, top = (picture.width - _SIDE) // 2, (picture.height - _SIDE) // 2
    return np.asarray(picture.crop((left, top, left + _SIDE, top + _SIDE))).copy()


def _pooled(backbone: nn.Module, head: nn.Module) -> nn.Module:
    class Pooled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = backbone, head

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.backbone(x)[0].mean((2, 3)))

    return Pooled()


def _linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))


def _resnet20() -> nn.Module:
    torch.manual_seed(0)
    return _pooled(ResNet20(), nn.Linear(64, 10))


def _squeezenet() -> nn.Module:
    torch.manual_seed(0)
    return _pooled(SqueezeNet(), nn.Identity())
