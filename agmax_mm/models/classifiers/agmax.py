"""The classifier of the paper."""

from __future__ import annotations

import copy
from typing import Any

from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from agmax_mm.registry import MODELS


@MODELS.register_module()
class AgMaxClassifier(ImageClassifier):
    """Image classifier whose predictions for several views of an image must agree.

    Differs from :class:`mmpretrain.models.ImageClassifier` in ``loss`` alone, which takes ``num_views * N`` images, all
    of view A first, and adds the agreement of the views' predictions. The cross-entropy is the mean over all of them,
    which is the average of the views' losses. Prediction and features are inherited: a trained checkpoint is a plain
    classifier.

    Logged: ``loss_cls``, the agreement's terms (``loss_agreement...``) and its monitors.

    Args:
        backbone: Backbone or its config.
        neck: Neck or its config.
        head: Classification head or its config.
        agreement: Agreement term or its config; ``None`` trains on the cross-entropy alone.
        num_views: Views of each image in a training batch, at least 2 where there is an agreement.
        pretrained: Path of a checkpoint to start from, as in the host.
        train_cfg: Batch augmentations, as in the host.
        data_preprocessor: Data preprocessor or its config; by default of type
            :class:`agmax_mm.models.TwoViewDataPreprocessor`, with the head's number of classes.
        init_cfg: Initialisation, as in the host.

    Raises:
        ValueError: If the batch does not hold ``num_views`` views of each image.
    """

    def __init__(
        self,
        backbone: nn.Module | dict[str, Any],
        neck: nn.Module | dict[str, Any] | None = None,
        head: nn.Module | dict[str, Any] | None = None,
        agreement: nn.Module | dict[str, Any] | None = None,
        num_views: int = 2,
        pretrained: str | None = None,
        train_cfg: dict[str, Any] | None = None,
        data_preprocessor: nn.Module | dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
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
        if agreement is not None and num_views < 2:
            raise ValueError(f'AgMaxClassifier.num_views: expected at least 2 with an agreement, got {num_views}')
        self.agreement: nn.Module | None = (
            _build_agreement(agreement, num_classes) if isinstance(agreement, dict) else agreement
        )
        self.num_views = num_views

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Classification loss over all views, and their agreement.

        Args:
            inputs: Normalised images, shape ``(num_views * N, C, H, W)``, all of view A first; any number of views
                without an agreement.
            data_samples: One per row of ``inputs``, in the same order.
        """
        feats = self.extract_feat(inputs)
        if self.agreement is None:
            losses = self.head.loss(feats, data_samples)
        else:
            views = data_samples[0].get('num_views', 1)
            if views != self.num_views:
                raise ValueError(
                    f'AgMaxClassifier: expected a batch of {self.num_views} views, got {views}; '
                    'is there an agmax_mm.TwoView with this num_views in the training pipeline?'
                )
            logits = self.head(feats)
            # The second half of the host's ClsHead.loss; calling that would run the head twice.
            losses = self.head._get_loss(logits, data_samples)
        # The host logs the sum of all terms as "loss", which a term of that name would hide.
        losses['loss_cls'] = losses.pop('loss')
        if self.agreement is not None:
            losses.update(self.agreement(logits.chunk(self.num_views)))
        return losses


def _build_agreement(config: dict[str, Any], num_classes: int | None) -> nn.Module:
    """Build an agreement term; its pair head, if it has one, sees as many classes as the classifier by default."""
    config = copy.deepcopy(config)
    if isinstance(config.get('pair_head'), dict):
        config['pair_head'].setdefault('num_classes', num_classes)
    return MODELS.build(config)
