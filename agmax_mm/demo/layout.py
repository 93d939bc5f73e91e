"""The demonstration's arms, detectors and folders, for its plan and its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agmax_mm.recipe_files import recipes_folder

# The two arms that are compared all the way, by the names used in folders and in the report.
ARMS = {'baseline': 'baseline', 'agmax': 'AgMax'}
DETECTORS = {'faster-rcnn_digits_voc': 'Faster R-CNN', 'mask-rcnn_digits_coco': 'Mask R-CNN'}
CONTROL = 'pretrain_control'


@dataclass(frozen=True)
class Layout:
    """The places of the demonstration's files. Everything that it writes lies in ``work_dir``."""

    work_dir: Path

    @property
    def data(self) -> Path:
        """Images, scenes and annotations."""
        return self.work_dir / 'data'

    @property
    def report(self) -> Path:
        """The report and its pictures."""
        return self.work_dir / 'report'

    def run(self, name: str) -> Path:
        """Work directory of a training run."""
        return self.work_dir / name

    def config(self, name: str) -> Path:
        """Config file of the demonstration."""
        return recipes_folder() / 'demo' / f'{name}.py'
