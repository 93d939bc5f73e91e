"""Where classifiers look, the CutMix paper's Table 9: boxes from class activation maps, and the floors beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agmax_mm import functional as AF
from agmax_mm.localization.floors import best_share, boxed_places, training_boxes
from agmax_mm.localization.maps import KINDS, exact_maps, grad_cam_maps, last_map
from agmax_mm.localization.measure import (
    OVERLAPS,
    Protocol,
    best_sigma,
    curves_of,
    enlarged,
    measure_images,
    metrics_of,
)
from agmax_mm.localization.metrics import (
    CENTRE,
    CENTRE_TOP1,
    CENTRE_V2,
    CLASSIFIED,
    GT_KNOWN,
    MAX_BOX,
    MAX_BOX_V2,
    METRICS,
    TOP1,
    WHOLE,
    WHOLE_TOP1,
    WHOLE_V2,
)
from agmax_mm.registry import DATASETS
from agmax_mm.results.curves import Line, Panel, draw_lines
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.results.statistics import NONE
from agmax_mm.robustness.contract import Condition, Entries, Results, Values
from agmax_mm.robustness.data import Batch, BoxedPictures, Data
from agmax_mm.robustness.network import Network

__all__ = ['METRICS', 'Options', 'blocks', 'class_maps', 'conditions', 'measure', 'summary']


@dataclass(frozen=True)
class Options(Protocol):
    """Options of ``localization``: those of :class:`agmax_mm.localization.measure.Protocol`, and how maps are made.

    Attributes:
        maps: ``cam``, exact, for networks that end in pooling and a linear layer, or ``grad-cam`` for any with a last
            map and pooling.
        fit_sigma: Choose ``sigma``, one of the ``thresholds``, on the training images, for each network: the one at
            which the label's map finds most of them. ``sigma`` is not used then.
    """

    maps: str = 'cam'
    fit_sigma: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.maps not in KINDS:
            raise ValueError(f'maps: expected one of {", ".join(KINDS)}, got {self.maps!r}')


def conditions(options: Options) -> list[Condition]:
    """One: the images as they are."""
    condition = asdict(options)
    if not options.fit_sigma:
        del condition['fit_sigma']  # files of earlier versions do not have it
    return [condition]


def measure(model: Network, data: Data, condition: Condition) -> Values:
    """All metrics, ``sigma``, the threshold of MaxBoxAcc, the side of the centre box, and curves by threshold."""
    protocol = Protocol(**{field.name: condition[field.name] for field in fields(Protocol)})
    training = DATASETS.build(data.training) if data.training else None
    share = None if training is None else best_share(training_boxes(training), protocol)
    if condition.get('fit_sigma'):
        protocol = replace(protocol, sigma=_sigma_of_training(model, data, training, condition['maps'], protocol))

    def rows(batch: Batch) -> Tensor:
        logits, maps = class_maps(model, batch.images, batch.labels, condition['maps'])
        right = logits.argmax(dim=1) == batch.labels
        size = (batch.images.shape[-2], batch.images.shape[-1])
        return measure_images(maps, right, batch.boxes, size, share, protocol)

    found = data.of(BoxedPictures(data.pictures.dataset)).each(rows)
    return {**metrics_of(found, protocol), 'sigma': protocol.sigma, 'centre_share': share, **curves_of(found)}


def sigma_of(condition: Condition, values: Values) -> float:
    """The threshold that a network's boxes were found at."""
    sigma: float = values.get('sigma', condition['sigma'])  # values of earlier versions do not have it
    return sigma


def _sigma_of_training(model: Network, data: Data, training: Any, kind: str, protocol: Protocol) -> float:
    places = [] if training is None else boxed_places(training)
    if not places:
        raise ValueError('--sigma train: expected a config whose training set has boxes, got none; give a number')

    def overlaps(batch: Batch) -> Tensor:
        _, maps = class_maps(model, batch.images, batch.labels, kind)
        large = enlarged(maps[:, 1:], (batch.images.shape[-2], batch.images.shape[-1]))[:, 0].cpu()
        levels = protocol.levels()
        found = [
            AF.component_overlaps(heat, boxes, levels, minmax=protocol.minmax)[0]
            for heat, boxes in zip(large, batch.boxes, strict=True)
        ]
        return torch.stack(found)

    given = replace(data.of(BoxedPictures(training)), chosen=places).counted(lambda number: None)
    return best_sigma(given.each(overlaps), protocol)


def class_maps(model: Network, images: Tensor, labels: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """Logits ``(N, K)`` of images, and the maps of the top class and of the label, ``(N, 2, H, W)``."""
    with torch.no_grad():
        normalised = model.normalised(images)
        with last_map(model.classifier) as kept:
            logits = model.classify(normalised)
        classes = torch.stack([logits.argmax(dim=1), labels], dim=1)
        return logits, maps_of_classes(model, normalised, kept[-1], logits, classes, kind)


def maps_of_classes(
    model: Network, normalised: Tensor, features: Tensor, logits: Tensor, classes: Tensor, kind: str
) -> Tensor:
    """Maps of any classes ``(N, M)``, shape ``(N, M, H, W)``."""
    if kind == 'cam':
        return exact_maps(model.classifier, features, logits, classes)
    return grad_cam_maps(_Logits(model), model.classifier, normalised, classes)


class _Logits(torch.nn.Module):
    """A network as the library takes it."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.inner = model.classifier
        self._classify = model.classify

    def forward(self, images: Tensor) -> Tensor:
        """Logits of normalised images."""
        return self._classify(images)


def summary(entries: Entries) -> dict[str, float | None]:
    """Nothing: there is one condition."""
    return {}


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """One row for each model, the floors below, the same by overlap, and the share found by threshold."""
    condition, first = next(iter(results.values()))[0]
    yield Text(_note(condition, first))
    if condition.get('fit_sigma'):
        chosen = ', '.join(f'{model} {sigma_of(condition, values):.2f}' for model, ((_, values),) in results.items())
        yield Text(f"Sigma, at which the label's map finds most training images: {chosen}.")
    header = ('', *(metric.label for metric in (TOP1, GT_KNOWN, CLASSIFIED, MAX_BOX)), 'threshold', MAX_BOX_V2.label)
    rows, floors, panels = [], [], []
    for model, ((_, values),) in results.items():
        figures = (f'{values[metric.name]:.2f}' for metric in (TOP1, GT_KNOWN, CLASSIFIED, MAX_BOX))
        rows.append((model, *figures, f'{values["threshold"]:.2f}', f'{values[MAX_BOX_V2.name]:.2f}'))
        with_floors = (_figure(values, metric.name) for metric in (CENTRE_TOP1, WHOLE_TOP1))
        floors.append((model, f'{values[TOP1.name]:.2f}', *with_floors))
    for name, known, version_2 in (('centre box', CENTRE, CENTRE_V2), ('whole image', WHOLE, WHOLE_V2)):
        known_text = _figure(first, known.name)
        # A box that does not depend on a map has no threshold.
        rows.append((name, NONE, known_text, NONE, known_text, NONE, _figure(first, version_2.name)))
    yield Table(header, rows)
    yield Text('Top-1 Loc with the boxes of the maps, and with one box for all images and the same classes:')
    yield Table(('', 'maps', 'centre box', 'whole image'), floors)
    if folder is None:
        return
    for overlap in OVERLAPS:
        lines = []
        for model, ((_, values),) in results.items():
            curve = values[f'curve/{overlap}']
            lines.append(Line(model, [place / len(curve) for place in range(len(curve))], curve, marker=''))
        panels.append(Panel(f'overlap of {overlap}', 'threshold', 'images found (%)', lines))
    draw_lines(panels, folder / 'localization.png')
    yield Figure('localization.png', "Images that the largest part of the label's map finds, by threshold.")


def _note(condition: Condition, values: Values) -> str:
    sign = 'above' if condition['strict'] else 'at least'
    share = values['centre_share']
    centre = (
        f'The centre box has {100 * share:.0f} % of the sides, which find most training images.'
        if share is not None
        else 'There is no centre box: its size needs a training set with boxes.'
    )
    scaled = "of a map's range" if condition['minmax'] else 'of the maximum'
    sigma = 'sigma' if condition.get('fit_sigma') else f'{condition["sigma"]:g}'
    return (
        f'Maps: {condition["maps"]}. A box is that of the largest part above {sigma} {scaled}, and '
        f'right if its overlap is {sign} {condition["iou"]:g}. Top-1 Loc: class and box of the predicted class are '
        "right; GT-known Loc: the box of the label's map. MaxBoxAcc: the same from an overlap of 0.5 on and at the "
        f'threshold, of {condition["thresholds"]}, that is best for the whole set; V2: the mean over overlaps of 0.3, '
        f'0.5 and 0.7, where any part of the map may fit. {centre}'
    )


def _figure(values: Values, name: str) -> str:
    return f'{values[name]:.2f}' if name in values else NONE
