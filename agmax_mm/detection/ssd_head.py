"""mmdet's SSD head, able to predict.

Configs write its full name, ``type='agmax_mm.detection.ssd_head.SSDHead'``, which the host finds without a registry:
nobody imports mmdet before a config asks for it.
"""

from __future__ import annotations

from typing import Any

from mmdet.models.dense_heads import SSDHead as HostSSDHead


class SSDHead(HostSSDHead):
    """The host's head, whose prediction asks its ``loss_cls`` for channels of its own.

    The host's SSD head computes the loss without such a module and then stops at the missing attribute.
    """

    loss_cls: Any = None
