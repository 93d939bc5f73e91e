"""The detectors that can be fine-tuned by name, and the two kinds of data. Imports nothing, for commands to read."""

from __future__ import annotations

# Recipe below configs/detection/ by detector and task. The recipes of the CutMix paper are for Pascal VOC; on data in
# COCO's layout they keep everything but the data.
DETECTORS: dict[str, dict[str, str]] = {
    'faster-rcnn': {'voc': 'faster-rcnn_r50_fpn_1x_voc0712.py', 'coco': 'faster-rcnn_r50_fpn_1x_coco.py'},
    'ssd300': {'voc': 'ssd300_r50_voc0712.py', 'coco': 'ssd300_r50_voc0712.py'},
    'faster-rcnn-c4': {'voc': 'faster-rcnn_r50-c4_voc0712.py', 'coco': 'faster-rcnn_r50-c4_voc0712.py'},
    'mask-rcnn': {'coco': 'mask-rcnn_r50_fpn_1x_coco.py'},
}
DEFAULT_DETECTORS = {'voc': 'faster-rcnn', 'coco': 'mask-rcnn'}
DATA_ROOTS = {'voc': 'data/VOCdevkit', 'coco': 'data/coco'}

# Which layers learn. The host's recipes freeze the stem, the first stage and all batch statistics, which suits
# ImageNet weights; a backbone trained briefly, or on other images, has to go on learning, and one without pre-training
# has nothing worth keeping.
FINETUNE = {
    'frozen': {'frozen_stages': 1, 'norm_eval': True},
    'full': {'frozen_stages': -1, 'norm_eval': False},
    'scratch': {'frozen_stages': -1, 'norm_eval': False},
}


def recipe_of(task: str, detector: str | None = None) -> str:
    """Path of a detector's recipe below the folder of the recipes.

    Args:
        task: ``'voc'`` or ``'coco'``.
        detector: A name in :data:`DETECTORS`; the task's usual one by default.

    Raises:
        ValueError: If a name is unknown, or the detector needs what the task's data don't have.
    """
    if task not in DEFAULT_DETECTORS:
        raise ValueError(f'task: expected one of {", ".join(DEFAULT_DETECTORS)}, got {task!r}')
    name = detector or DEFAULT_DETECTORS[task]
    fitting = [known for known, recipes in DETECTORS.items() if task in recipes]
    if name not in fitting:
        raise ValueError(f'detector: expected one of {", ".join(fitting)} for the task {task}, got {name!r}')
    return f'detection/{DETECTORS[name][task]}'
