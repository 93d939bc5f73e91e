"""The classifier of the AgMax paper."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import get_world_size
from mmpretrain.models import ClsHead, ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from agmax_mm.host import sample_name, step_name
from agmax_mm.models.agreements import build_agreement
from agmax_mm.models.backbones import NamedBackbone, named_backbone
from agmax_mm.models.feature_mix import FeatureMix
from agmax_mm.models.initialization import apply_init_std
from agmax_mm.models.second_view import SecondView
from agmax_mm.registry import MODELS


@MODELS.register_module()
class AgMaxClassifier(ImageClassifier):
    """Image classifier whose predictions for several views of an image must agree.

    Differs from :class:`mmpretrain.models.ImageClassifier`:

    - ``loss`` takes ``num_views * N`` images, all of view A first, and adds the agreement of the views' predictions.
      The cross-entropy is the mean over all images, which is the average of the views' losses.
    - The backbone can be given by name.
    - The weights can start from the authors' initialisation.

    Prediction and features are inherited, so a trained checkpoint is a plain classifier.

    Logged: ``loss_cls``, the agreement's terms (``loss_agreement...``) and its monitors.

    Args:
        backbone: Backbone, its config, or a name (``'timm/regnety_004'``, ``'mmpretrain/resnet18_8xb32_in1k'``) that
            brings its own neck and the input width of the head; with options, ``dict(type=name, img_size=32)``.
        neck: Neck or its config.
        head: Classification head or its config.
        agreement: Agreement term, its config, or its short name, such as ``mi`` or ``mi_qnet``; see
            :func:`agmax_mm.models.register_agreement`. ``none`` and ``None`` train on the cross-entropy alone.
        num_views: Views of each image in a training batch, at least 2 where there is an agreement.
        second_view: Options of :class:`agmax_mm.models.second_view.SecondView`, such as ``dict(share=0.5)`` or
            ``dict(scale=0.5)``, to make view B cheaper; for two views.
        feature_mix: A :class:`agmax_mm.models.FeatureMix` or its config, to mix maps inside of the backbone in
            training.
        init_std: Standard deviation of the Gaussian that all weights start from. It replaces each part's own
            initialisation; see :func:`agmax_mm.models.initialization.apply_init_std`. The AgMax authors used 0.2 for
            their ImageNet runs with AgMax, and none for their baselines and CIFAR runs.
        pretrained: Path of a checkpoint to start from, as in the host.
        train_cfg: Batch augmentations, as in the host.
        data_preprocessor: Data preprocessor or its config; by default of type
            :class:`agmax_mm.models.TwoViewDataPreprocessor`, with the head's number of classes.
        init_cfg: Initialisation, as in the host.

    Raises:
        ValueError: If a name is unknown, options contradict each other, the batch does not hold ``num_views`` views of
            each of at least two images, or, on a CPU, a logit is not finite.
    """

    def __init__(
        self,
        backbone: nn.Module | dict[str, Any] | str,
        neck: nn.Module | dict[str, Any] | None = None,
        head: nn.Module | dict[str, Any] | None = None,
        agreement: nn.Module | dict[str, Any] | str | None = None,
        num_views: int = 2,
        second_view: dict[str, float] | None = None,
        feature_mix: FeatureMix | dict[str, Any] | None = None,
        init_std: float | None = None,
        pretrained: str | None = None,
        train_cfg: dict[str, Any] | None = None,
        data_preprocessor: nn.Module | dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        named = _named(backbone)
        if named is not None:
            backbone, neck = named.backbone, named.neck
            if isinstance(head, dict):
                head = {**head, 'in_channels': named.in_channels}
        if init_std is not None:
            _check_init_std(init_std, pretrained, init_cfg, backbone)
        num_classes = head.get('num_classes') if isinstance(head, dict) else getattr(head, 'num_classes', None)
        if not isinstance(data_preprocessor, nn.Module):
            data_preprocessor = dict(data_preprocessor or {})
            data_preprocessor.setdefault('type', 'agmax_mm.TwoViewDataPreprocessor')
            data_preprocessor.setdefault('num_classes', num_classes)
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            pretrained=pretrained,
            train_cfg=train_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.agreement = build_agreement(agreement, num_classes)
        self.num_views = num_views
        if not isinstance(second_view, dict | None):
            raise ValueError(
                f"AgMaxClassifier.second_view: expected options such as {{'share': 0.5}}, got {second_view!r}"
            )
        self.second_view = None if second_view is None else SecondView(**second_view)
        self.feature_mix: FeatureMix | None = (
            MODELS.build(feature_mix) if isinstance(feature_mix, dict) else feature_mix
        )
        if self.feature_mix is not None:
            self.feature_mix.check(self.backbone)
            if self.second_view is not None and getattr(self.data_preprocessor, 'share_mix', False):
                raise ValueError(
                    'AgMaxClassifier: expected no second_view beside feature_mix with share_mix, which takes views of '
                    'one size and number'
                )
        self.init_std = init_std
        # With such a head the loss is computed from the logits, and the logits can be checked before it.
        self._logits_apart = isinstance(self.head, ClsHead) and type(self.head).loss is ClsHead.loss
        if self.second_view is not None and num_views != 2:
            raise ValueError(f'AgMaxClassifier.second_view: expected num_views=2 beside it, got {num_views}')
        if self.agreement is not None and num_views < 2:
            raise ValueError(f'AgMaxClassifier.num_views: expected at least 2 with an agreement, got {num_views}')
        if self.agreement is not None and not self._logits_apart:
            raise ValueError(
                "AgMaxClassifier.head: expected a head with mmpretrain's ClsHead.loss, such as LinearClsHead, beside "
                f'an agreement, got {type(self.head).__name__}'
            )

    def init_weights(self) -> None:
        """Initialise all parts, as in the host, then with ``init_std`` where it is given."""
        super().init_weights()
        if self.init_std is not None:
            apply_init_std(self, self.init_std)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Classification loss over all views, and their agreement.

        Args:
            inputs: Normalised images, shape ``(num_views * N, C, H, W)``, all of view A first; any number of views
                without an agreement.
            data_samples: One per row of ``inputs``, in the same order.
        """
        if self.agreement is not None or self.second_view is not None:
            self._check_views(data_samples)
        passes, data_samples = self._passes(inputs, data_samples)
        try:
            if self.feature_mix is None or not self.training:
                feats = [self.extract_feat(images) for images in passes]
            else:
                num_images = len(inputs) // data_samples[0].get('num_views', 1)
                feats, data_samples = self.feature_mix.features(self, passes, data_samples, num_images)
        except ValueError as error:
            if len(data_samples) > len(passes):
                raise
            # Batch normalisation refuses one image whose map has shrunk to a single pixel.
            raise ValueError(f'{_one_image(data_samples[0])}: {error}') from None
        features = _joined(feats)
        if self._logits_apart:
            logits = self.head(features)
            if not logits.is_cuda:
                # On a GPU this check would wait for the device. There FiniteLossHook checks the loss instead.
                _check_finite(logits, data_samples)
            # This is the second half of the host's ClsHead.loss. A call of the whole function would run the head twice.
            losses = self.head._get_loss(logits, data_samples)
        else:
            losses = self.head.loss(features, data_samples)
        # The host logs the sum of all terms as "loss". A term of that name would hide it.
        losses['loss_cls'] = losses.pop('loss')
        if self.agreement is not None:
            losses.update(self.agreement(by_view(logits, len(inputs) // self.num_views)))
        return losses

    def _passes(self, inputs: Tensor, data_samples: list[DataSample]) -> tuple[list[Tensor], list[DataSample]]:
        """Return the batches that go through the backbone one after the other, and the data samples of all of them."""
        if self.second_view is None:
            return [inputs], data_samples
        num_images = len(inputs) // 2
        end = num_images + self.second_view.num_second_views(num_images)
        data_samples = data_samples[:end]
        if self.second_view.scale == 1:
            return [inputs[:end]], data_samples
        return [inputs[:num_images], self.second_view.shrink(inputs[num_images:end])], data_samples

    def _check_views(self, data_samples: list[DataSample]) -> None:
        views = data_samples[0].get('num_views', 1)
        if views != self.num_views:
            raise ValueError(
                f'AgMaxClassifier: expected a batch of {self.num_views} views, got {views}; '
                'is there an agmax_mm.TwoView with this num_views in the training pipeline?'
            )
        # The agreement uses statistics of the batch. One image alone has none.
        if len(data_samples) == views and get_world_size() == 1:
            raise ValueError(_one_image(data_samples[0]))


def by_view(logits: Tensor, num_images: int) -> list[Tensor]:
    """Split logits by view, and keep the images that all views have."""
    view_a, *others = logits.split(num_images)
    return [view_a[: len(others[0])], *others]


def _joined(feats: list[Any]) -> Any:
    """Join the features of several passes into those of one batch."""
    if len(feats) == 1:
        return feats[0]
    levels = list(zip(*feats, strict=True))
    for level in levels:
        shapes = [tuple(part.shape[1:]) for part in level]
        if len(set(shapes)) > 1:
            raise ValueError(
                'AgMaxClassifier.second_view.scale: expected features of one shape from both views, as after a neck '
                f'that pools, got {shapes}'
            )
    return tuple(torch.cat(level) for level in levels)


def _one_image(sample: DataSample) -> str:
    return (
        f'{step_name()}: expected at least 2 images in a step, got 1, {sample_name(sample)}; change total_batch_size, '
        'or set train_dataloader.drop_last=True if only the last batch is so small'
    )


def _named(backbone: Any) -> NamedBackbone | None:
    """Look up a backbone that is given by name. Names have a slash, and types of the registries have none."""
    if isinstance(backbone, str):
        return named_backbone(backbone)
    if not isinstance(backbone, dict) or '/' not in str(backbone.get('type')):
        return None
    return named_backbone(backbone['type'], **{key: value for key, value in backbone.items() if key != 'type'})


def _check_finite(logits: Tensor, data_samples: list[DataSample]) -> None:
    """Refuse logits that are not finite, before the optimiser writes them into the weights and a checkpoint."""
    finite = torch.isfinite(logits).all(dim=1)
    if finite.all():
        return
    bad = (~finite).nonzero().flatten().tolist()
    raise ValueError(
        f'{step_name()}: expected finite logits, got NaN or infinity for {len(bad)} of {len(logits)} images (each view '
        f'counted), the first being {sample_name(data_samples[bad[0]])}; the checkpoints written so far are unharmed'
    )


def _check_init_std(init_std: float, pretrained: str | None, init_cfg: Any, backbone: Any) -> None:
    if not init_std > 0:
        raise ValueError(f'AgMaxClassifier.init_std: expected a number above 0, got {init_std}')
    configs = [init_cfg, backbone.get('init_cfg') if isinstance(backbone, dict) else None]
    steps = [step for config in configs for step in (config if isinstance(config, list | tuple) else [config]) if step]
    if pretrained is not None or any(step.get('type') == 'Pretrained' for step in steps):
        raise ValueError(
            'AgMaxClassifier.init_std: expected no pretrained weights beside it, which it would overwrite; got both'
        )
