"""A test set as the suites use it: the same batches, in the same order, for any number of workers and processes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.distributed as dist
from mmengine.dataset import Compose
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from agmax_mm.localization.floors import boxes_of_sample
from agmax_mm.registry import TRANSFORMS


@dataclass(frozen=True)
class Batch:
    """Images ``(N, C, H, W)`` as float, 0 to 255, on the device; classes and places in the data set ``(N,)``.

    ``partners`` and ``partner_labels`` are those of the images that each is paired with, if any; ``boxes``, ``(M, 4)``
    for each image, those of :class:`BoxedPictures`.
    """

    images: Tensor
    labels: Tensor
    indices: Tensor
    partners: Tensor
    partner_labels: Tensor
    boxes: tuple[Tensor, ...] = ()


class Pictures(Dataset[tuple[Tensor, int]]):
    """Packed samples of one of the host's data sets as image and class.

    Args:
        dataset: A data set of the host whose pipeline ends in packing.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        sample = self.dataset[index]
        return sample['inputs'], _one_label(sample, index)

    def labels(self) -> list[int]:
        """Classes of all images."""
        return [int(label) for label in self.dataset.get_gt_labels()]

    def with_steps(self, *steps: dict[str, Any]) -> Pictures:
        """The same data set with further transforms before packing."""
        changed = copy.copy(self.dataset)
        transforms = list(self.dataset.pipeline.transforms)
        if not transforms or not type(transforms[-1]).__name__.startswith('Pack'):
            raise ValueError(
                'robustness: expected a test pipeline that ends in PackInputs, got '
                f'{type(transforms[-1]).__name__ if transforms else "an empty one"}'
            )
        changed.pipeline = Compose([*transforms[:-1], *map(TRANSFORMS.build, steps), transforms[-1]])
        return Pictures(changed)


class BoxedPictures(Pictures):
    """Pictures with the boxes of their objects, in pixels of the picture."""

    def __getitem__(self, index: int) -> Any:
        sample = self.dataset[index]
        boxes = boxes_of_sample(sample['data_samples'])
        if boxes is None:
            raise ValueError(
                f'localization: expected boxes of each image, got none of {sample["data_samples"].get("img_path")!r}; '
                "the data set must have them, and its pipeline end in PackInputs with algorithm_keys=('gt_bboxes',)"
            )
        return sample['inputs'], _one_label(sample, index), boxes


@dataclass(frozen=True)
class Data:
    """Images and how they are loaded.

    Attributes:
        pictures: Images ``(C, H, W)``, 0 to 255, and classes.
        batch_size: Images of a batch.
        workers: Processes that load, for each process of the run; 0 for this one itself.
        device: Where batches go.
        advance: Called after each batch, for progress.
        chosen: Places of the images in use; all by default.
        cache: Folder for corrupted images, so that they are made once.
        training: The training set under the pipeline of these images, as a config, where there is one.
    """

    pictures: Any
    batch_size: int
    workers: int
    device: torch.device
    advance: Callable[[int], None] = lambda number: None
    chosen: Sequence[int] | None = None
    cache: str | None = None
    training: dict[str, Any] | None = None

    def __len__(self) -> int:
        return len(self.pictures) if self.chosen is None else len(self.chosen)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """``(C, H, W)`` of the first image."""
        return tuple(self.pictures[0 if self.chosen is None else self.chosen[0]][0].shape)

    def labels(self) -> list[int]:
        """Classes of all images."""
        labels = self.pictures.labels()
        return list(labels) if self.chosen is None else [labels[place] for place in self.chosen]

    def counted(self, advance: Callable[[int], None]) -> Data:
        """The same images, with a call after each batch."""
        return replace(self, advance=advance)

    def with_steps(self, *steps: dict[str, Any]) -> Data:
        """The same images with further transforms before packing."""
        return replace(self, pictures=self.pictures.with_steps(*steps))

    def of(self, pictures: Any) -> Data:
        """Other images, loaded alike."""
        return replace(self, pictures=pictures, chosen=None)

    def some(self, number: int) -> Data:
        """A few of the images, evenly spaced."""
        places = torch.linspace(0, len(self) - 1, min(number, len(self))).long().tolist()
        return replace(self, chosen=[place if self.chosen is None else self.chosen[place] for place in places])

    def each(self, function: Callable[[Batch], Tensor], partners: Sequence[int] | None = None) -> Tensor:
        """Apply a function to all batches, each process to its share of them.

        Args:
            function: Maps a batch to one row for each image.
            partners: For each image the place of another one that it is paired with.

        Returns:
            The rows of all images in their order, on the CPU, the same in every process.
        """
        rows = []
        for batch in self._batches(partners):
            rows.append((batch.indices.cpu(), function(batch).detach().cpu()))
            self.advance(len(batch.indices))
        if dist.is_initialized() and dist.get_world_size() > 1:
            shares: list[Any] = [None] * dist.get_world_size()
            dist.all_gather_object(shares, rows)
            rows = [row for share in shares for row in share]
        order = torch.cat([indices for indices, _ in rows]).argsort()
        return torch.cat([values for _, values in rows])[order]

    def _batches(self, partners: Sequence[int] | None) -> Iterator[Batch]:
        places = list(range(len(self.pictures))) if self.chosen is None else list(self.chosen)
        whole = [
            range(start, min(start + self.batch_size, len(places))) for start in range(0, len(places), self.batch_size)
        ]
        rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        # Whole batches: an image has the same neighbours, and with them the same rounding, for any number of processes.
        loader = DataLoader(
            _Paired(self.pictures, places, partners),
            batch_sampler=[list(batch) for batch in whole[rank::world]],
            num_workers=self.workers,
            collate_fn=_collate,
            pin_memory=self.device.type == 'cuda',
        )
        for images, labels, indices, others, other_labels, boxes in loader:
            yield Batch(
                images.to(self.device, non_blocking=True).float(),
                labels.to(self.device),
                indices,
                others.to(self.device, non_blocking=True).float(),
                other_labels.to(self.device),
                boxes,
            )


def _one_label(sample: Any, index: int) -> int:
    label = sample['data_samples'].get('gt_label')
    if label is None or label.numel() != 1:
        raise ValueError(f'robustness: expected one class for each image, got {label} for image {index}')
    return int(label)


class _Paired(Dataset[tuple[Any, ...]]):
    """Image, class and index, the partner's image and class where there is one, and the boxes where there are any."""

    def __init__(self, pictures: Any, places: Sequence[int], partners: Sequence[int] | None) -> None:
        self.pictures = pictures
        self.places = places
        self.partners = partners

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        image, label, *boxes = self.pictures[self.places[index]]
        partner = None if self.partners is None else self.pictures[self.places[self.partners[index]]]
        return image, label, index, partner, *boxes


def _collate(items: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    images, labels, indices, partners, *boxes = zip(*items, strict=True)
    shapes = {tuple(image.shape) for image in images}
    if len(shapes) > 1:
        raise ValueError(f'robustness: expected images of one size from the test pipeline, got {sorted(shapes)}')
    paired = [partner for partner in partners if partner is not None]
    empty = torch.zeros(0)
    others = torch.stack([image for image, _ in paired]) if paired else empty
    other_labels = torch.tensor([label for _, label in paired]) if paired else empty
    found = boxes[0] if boxes else ()
    return torch.stack(images), torch.tensor(labels), torch.tensor(indices), others, other_labels, found
