"""What classifiers look at, drawn side by side: test images with boxes, and mixed images with the maps of both classes.

The first are the CutMix paper's Figure 4, the others its Figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agmax_mm import functional as AF
from agmax_mm.localization.maps import last_map
from agmax_mm.localization.measure import enlarged
from agmax_mm.results.class_maps import MapPicture, map_grid
from agmax_mm.robustness.contract import Condition
from agmax_mm.robustness.data import Batch, BoxedPictures
from agmax_mm.robustness.localization import class_maps, maps_of_classes, sigma_of
from agmax_mm.robustness.network import Network
from agmax_mm.robustness.suite import Measurement

# Of the mixed images: the share of the first one, and of its area that stays.
_LAM = 0.5
_KEPT = 0.6


def draw_found(measured: Measurement, condition: Condition, folder: Path, images: int) -> str | None:
    """Draw test images, evenly chosen, as the networks were fed them: objects, maps of the predicted class, boxes.

    Args:
        measured: The checkpoints and their test set.
        condition: The condition of the suite ``localization``.
        folder: Where to.
        images: How many, at most.

    Returns:
        The name of the picture in the folder; None in a process that does not write.
    """
    if not measured.first:
        return None
    batch, names = _batch(measured, measured.data.some(images)), _class_names(measured)
    columns: list[list[MapPicture]] = []
    for model in measured.files:
        network = measured.network(model)
        logits, maps = class_maps(network, batch.images, batch.labels, condition['maps'])
        if not columns:
            pictures = _pictures(network, network.normalised(batch.images))
            columns.append(
                [
                    MapPicture(picture, truth=boxes.numpy(), caption=names[int(label)])
                    for picture, boxes, label in zip(pictures, batch.boxes, batch.labels, strict=True)
                ]
            )
        heats = enlarged(maps[:, :1], _size(batch)).cpu()[:, 0]
        ((_, values),) = measured.results('localization')[model]
        found = AF.box_from_map(heats, sigma=sigma_of(condition, values), minmax=condition['minmax'])
        column = []
        for picture, heat, box, boxes, label in zip(
            pictures, heats, found, batch.boxes, logits.argmax(dim=1), strict=True
        ):
            overlap = float(AF.box_iou(box[None], boxes).max())
            caption = f'{names[int(label)]}\noverlap {overlap:.2f}'
            column.append(MapPicture(picture, heat.double().numpy(), boxes.numpy(), box[None].numpy(), caption))
        columns.append(column)
    map_grid(list(zip(*columns, strict=True)), folder / 'maps.png', column_titles=['image', *measured.files])
    return 'maps.png'


def draw_mixed(measured: Measurement, condition: Condition, folder: Path, pairs: int, seed: int) -> list[str]:
    """Draw pairs of test images of two classes, what Mixup, Cutout and CutMix make of them, and both classes' maps.

    Every network gets the same images.

    Args:
        measured: The checkpoints and their test set.
        condition: The condition of the suite ``localization``.
        folder: Where to.
        pairs: How many, at most.
        seed: Of the boxes.

    Returns:
        Names of the pictures in the folder; none in a process that does not write.
    """
    names = []
    for number, places in enumerate(_pairs(measured.data.labels(), pairs) if measured.first else ()):
        batch, classes = _batch(measured, replace(measured.data, chosen=places)), _class_names(measured)
        box = AF.cutmix_bbox(*_size(batch), _KEPT, generator=torch.Generator().manual_seed(seed + number))
        columns: list[list[MapPicture]] = []
        for model in measured.files:
            network = measured.network(model)
            mixed = mixed_images(network.normalised(batch.images), box)
            labels = batch.labels.expand(len(mixed), 2)
            with torch.no_grad(), last_map(network.classifier) as kept:
                logits = network.classify(mixed)
            maps = enlarged(maps_of_classes(network, mixed, kept[-1], logits, labels, condition['maps']), _size(batch))
            pictures = _pictures(network, mixed)
            if not columns:
                columns.append([MapPicture(picture) for picture in pictures])
            shares = logits.softmax(dim=1).gather(1, labels)
            for which in range(2):
                columns.append(
                    [
                        MapPicture(picture, heat.double().cpu().numpy(), caption=f'{100 * float(share):.0f} %')
                        for picture, heat, share in zip(pictures, maps[:, which], shares[:, which], strict=True)
                    ]
                )
        both = [classes[int(label)] for label in batch.labels]
        titles = ['image', *(f'{model}: {name}' for model in measured.files for name in both)]
        names.append(f'mixed_{number}.png')
        map_grid(
            list(zip(*columns, strict=True)),
            folder / names[-1],
            column_titles=titles,
            row_titles=[*both, 'Mixup', 'Cutout', 'CutMix'],
        )
    return names


def mixed_images(normalised: Tensor, box: tuple[int, int, int, int]) -> Tensor:
    """Two images, and what three methods make of the first one: Mixup and CutMix with the second, Cutout without.

    Args:
        normalised: Both, shape ``(2, C, H, W)``.
        box: ``(y1, y2, x1, x2)``, what Cutout erases and CutMix pastes into.

    Returns:
        Shape ``(5, C, H, W)``.
    """
    first, second = normalised
    y1, y2, x1, x2 = box
    erased, pasted = first.clone(), first.clone()
    erased[:, y1:y2, x1:x2] = 0
    pasted[:, y1:y2, x1:x2] = second[:, y1:y2, x1:x2]
    return torch.stack([first, second, torch.lerp(second, first, _LAM), erased, pasted])


def _pairs(labels: Sequence[int], number: int) -> list[list[int]]:
    """Places of pairs of images of different classes, from evenly chosen images."""
    places = torch.linspace(0, len(labels) - 1, min(len(labels), 8 * number)).long().tolist()
    found = [[a, b] for a, b in pairwise(dict.fromkeys(places)) if labels[a] != labels[b]]
    return found[:number]


def _batch(measured: Measurement, data: Any) -> Batch:
    """All images of some data as one batch, with their boxes."""
    boxed = BoxedPictures(measured.data.pictures.dataset)
    items = [boxed[place] for place in data.chosen]
    images, labels, boxes = zip(*items, strict=True)
    where = data.device
    none = torch.zeros(0)
    stacked = torch.stack(images).to(where).float()
    return Batch(stacked, torch.tensor(labels, device=where), torch.tensor(data.chosen), none, none, boxes)


def _pictures(network: Network, normalised: Tensor) -> list[NDArray[np.uint8]]:
    shown = network.pixels(normalised).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [np.ascontiguousarray(picture) for picture in shown]


def _class_names(measured: Measurement) -> list[str]:
    names = measured.data.pictures.dataset.metainfo.get('classes')
    known = max(measured.data.labels()) + 1
    given = list(names or ())
    # A network may know classes that the test set lacks.
    return [*given, *(f'class {label}' for label in range(len(given), max(known, 1000)))]


def _size(batch: Batch) -> tuple[int, int]:
    return batch.images.shape[-2], batch.images.shape[-1]
