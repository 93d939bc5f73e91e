"""From the loader's uint8 views to one normalised, mixed batch on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.dist import get_world_size
from mmpretrain.models.utils import ClsDataPreprocessor
from mmpretrain.structures import DataSample
from torch import Tensor

from agmax_mm.batch_augments.coins import SharedCoins
from agmax_mm.batch_augments.views import Mix, drawn_mix, mix_views
from agmax_mm.host import sample_name, step_name
from agmax_mm.registry import BATCH_AUGMENTS, MODELS


@MODELS.register_module()
class TwoViewDataPreprocessor(ClsDataPreprocessor):
    """Stack the views of a batch, normalise them in one go, and mix each view on its own.

    Differs from :class:`mmpretrain.models.ClsDataPreprocessor` in these places:

    - Inputs may be a list of views. The result then holds ``num_views * N`` images, all of view A first, and as many
      data samples.
    - One draw decides for all views of a step, in all processes, whether and how the batch is mixed. This holds for
      ``probs`` and for an augmentation's own ``prob``. Then each view draws its own ratio, partners and box.
    - ``image_augments`` change the normalised images one by one, before mixing.

    The host's own code handles one view without ``image_augments`` in a single process.

    Args:
        image_augments: Augmentations (or their configs) that map normalised images ``(N, C, H, W)`` and the standard
            deviations of the normalisation to images of the same shape; applied in training only.
        batch_augments: ``dict(augments=..., probs=...)``, as in the host.
        share_mix: Mix all views of a step with one ratio, the same partners and one box. The released code mixes each
            view with draws of its own. Two views of an image then mostly have only that image in common.
        **kwargs: The host's other options: ``mean``, ``std``, ``to_rgb``, ``num_classes``, ...

    Raises:
        ValueError: If ``image_augments`` are given without ``mean`` and ``std``.
    """

    def __init__(
        self,
        *,
        image_augments: Sequence[Any] = (),
        batch_augments: dict[str, Any] | None = None,
        share_mix: bool = False,
        **kwargs: Any,
    ) -> None:
        if batch_augments and isinstance(batch_augments.get('probs'), list):
            # The host appends to the config's list; a second model from the same config would then fail.
            batch_augments = {**batch_augments, 'probs': list(batch_augments['probs'])}
        super().__init__(batch_augments=batch_augments, **kwargs)
        # Pinned batches are copied while the GPU works on the step before. The host would wait for that step.
        self._non_blocking = True
        self.share_mix = share_mix
        self._coins = SharedCoins()
        if image_augments and not self._enable_normalize:
            raise ValueError('TwoViewDataPreprocessor: image_augments expect mean and std, got none')
        self.image_augments = [
            BATCH_AUGMENTS.build(augment) if isinstance(augment, dict) else augment for augment in image_augments
        ]

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn collated samples into the input of the model.

        Args:
            data: ``inputs`` and, optionally, ``data_samples``, a list of N. The inputs of one view are a tensor
                ``(N, C, H, W)`` or a list of N images; those of several views are a list of such, one per view.
                ``default_collate`` and ``pseudo_collate`` make them so.
            training: Whether to augment.

        Returns:
            ``inputs`` of shape ``(num_views * N, C, H, W)`` and the data samples, ``num_views * N`` of them.
        """
        samples = data.get('data_samples')
        if training and samples is not None:
            self._check_labels(samples)
        views = _as_views(data['inputs'])
        augments = self.image_augments if training else ()
        # In the host, each process draws on its own.
        shares_coin = training and self.batch_augments is not None and get_world_size() > 1
        if len(views) == 1 and not augments and not shares_coin:
            return super().forward(data, training)

        images = torch.cat([super(TwoViewDataPreprocessor, self).forward({'inputs': view})['inputs'] for view in views])
        for augment in augments:
            images = augment(images, self.std)
        if samples is None:
            return {'inputs': images, 'data_samples': None}

        labels, scores = self._targets(samples)
        all_scores = [scores] * len(views)
        if training and scores is not None and (mixing := self._draw_mixing()) is not None:
            sizes = [len(samples)] * len(views)
            images, mixed = mix_views(mixing, images, scores.repeat(len(views), 1), sizes, alike=self.share_mix)
            all_scores = list(mixed.split(sizes))
        view_samples = [_view_samples(samples, labels, view_scores, len(views)) for view_scores in all_scores]
        return {'inputs': images, 'data_samples': [sample for view in view_samples for sample in view]}

    def _check_labels(self, samples: list[DataSample]) -> None:
        """Refuse labels that the head has no output for. They are still on the CPU, where this check costs nothing."""
        labels = [sample.gt_label for sample in samples if 'gt_label' in sample]
        if self.num_classes is None or not labels:
            return
        low, high = torch.cat(labels).aminmax()
        if int(low) >= 0 and int(high) < self.num_classes:
            return
        sample = next(
            sample
            for sample in samples
            if 'gt_label' in sample and not ((sample.gt_label >= 0) & (sample.gt_label < self.num_classes)).all()
        )
        raise ValueError(
            f'{step_name()}: expected labels of 0 to {self.num_classes - 1}, got {sample.gt_label.tolist()} for '
            f'{sample_name(sample)}'
        )

    def _targets(self, samples: list[DataSample]) -> tuple[Tensor | None, Tensor | None]:
        """Labels ``(N,)`` and class probabilities ``(N, K)``, each ``None`` where there are none."""
        if 'gt_score' in samples[0]:
            scores = torch.stack([sample.gt_score for sample in samples])
            if self.num_classes not in (None, scores.shape[1]):
                raise ValueError(
                    f'{step_name()}: expected gt_score of {self.num_classes} classes, got {scores.shape[1]}'
                )
            return None, scores.to(self.device, non_blocking=True).float()
        if 'gt_label' not in samples[0]:
            return None, None
        if any(len(sample.gt_label) != 1 for sample in samples):
            raise ValueError('TwoViewDataPreprocessor: expected one label per image, got several; set gt_score instead')
        labels = torch.cat([sample.gt_label for sample in samples]).to(self.device, non_blocking=True)
        if not self.to_onehot:
            return labels, None
        if self.num_classes is None:
            raise ValueError('TwoViewDataPreprocessor.num_classes: expected a number when labels are mixed, got None')
        return labels, F.one_hot(labels, self.num_classes).float()

    def _draw_mixing(self) -> Mix | None:
        """Draw the batch augmentation of this step, or ``None`` if the step stays unmixed."""
        if self.batch_augments is None:
            return None
        chooser, generator = self.batch_augments, self._coins.step_generator(self.device)
        index = generator.choice(len(chooser.augments), p=chooser.probs)
        return drawn_mix(chooser.augments[index], generator)


def _as_views(inputs: Any) -> list[Any]:
    """Return the views of a collated batch, each a tensor ``(N, C, H, W)`` or a list of N images."""
    if isinstance(inputs, Tensor):
        return [inputs]
    if isinstance(inputs[0], Tensor):
        return list(inputs) if inputs[0].ndim == 4 else [inputs]
    return [list(view) for view in inputs]


def _view_samples(
    samples: list[DataSample], labels: Tensor | None, scores: Tensor | None, num_views: int
) -> list[DataSample]:
    """Make new data samples for one view, so that views have their own targets; each tells the number of views."""
    # One call each: on a GPU a slice per image would take longer than what is computed with it.
    columns = {
        'gt_label': None if labels is None else labels.split(1),
        'gt_score': None if scores is None else scores.unbind(),
    }
    given = {name: column for name, column in columns.items() if column is not None}
    notes: dict[str, Any] = {'num_views': num_views}
    if scores is not None:
        notes['num_classes'] = scores.shape[1]
    return [
        _view_sample(
            {**dict(sample.metainfo_items()), **notes}, {name: column[index] for name, column in given.items()}
        )
        for index, sample in enumerate(samples)
    ]


def _view_sample(notes: dict[str, Any], fields: dict[str, Tensor]) -> DataSample:
    """Make a data sample as the host's own methods do, which copy and check for longer than a small network trains."""
    sample = DataSample()
    sample.__dict__.update(notes, **fields)
    sample._metainfo_fields.update(notes)
    sample._data_fields.update(fields)
    return sample
