"""The types of captioning that configs name: the registries import this module when they look for one."""

import agmax_mm.registry  # noqa: F401  # first, as it imports the host without its notices
from agmax_mm.captioning.caption_metric import CaptionMetric
from agmax_mm.captioning.captioner import Captioner
from agmax_mm.captioning.datasets import CaptionDataset
from agmax_mm.captioning.nic_head import NICHead

__all__ = ['CaptionDataset', 'CaptionMetric', 'Captioner', 'NICHead']
