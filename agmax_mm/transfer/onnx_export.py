"""A trained classifier as an ONNX file that needs neither this package nor torch."""

from __future__ import annotations

import importlib.util
import json
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor, nn

from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.checkpoints.files import find_checkpoint
from agmax_mm.checkpoints.matching import require_match
from agmax_mm.engine.config import load_config
from agmax_mm.fileio import atomic_path
from agmax_mm.models.contract import preprocessing_contract

INPUT, OUTPUT = 'images', 'logits'
_UNUSED = 'agreement.'
_OPSET = 17
# Largest difference of a logit from torch's, as a share of the largest logit.
_TOLERANCE = 1e-4
_INSTALL = "pip install 'agmax_mm[onnx]' brings it"


class _FromPixels(nn.Module):
    """The classifier with its preprocessing: from RGB pixels to logits."""

    def __init__(self, classifier: Any, contract: dict[str, Any]) -> None:
        super().__init__()
        self.classifier = classifier
        self.flips = contract['channel_order'] == 'bgr'
        self.mean: Tensor
        self.std: Tensor
        for name in ('mean', 'std'):
            self.register_buffer(name, torch.tensor(contract[name]).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        pixels = images.flip(1) if self.flips else images
        logits: Tensor = self.classifier.head(self.classifier.extract_feat((pixels - self.mean) / self.std))
        return logits


def export_onnx(
    config_path: str,
    checkpoint: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    size: int | None = None,
    weights: str = 'auto',
    pick: str = 'last',
    options: dict[str, Any] | None = None,
) -> str:
    """Write a classifier as ONNX, whole or not at all, and compare what it computes with torch where that is possible.

    The file's one input ``images`` is float32, RGB, 0 to 255, shape ``(N, 3, size, size)`` with any ``N``: subtracting
    the mean and dividing by the deviation are part of the graph. Its output ``logits`` has shape ``(N, classes)``.
    The recipe, its hash and scores are in the file's metadata.

    Args:
        config_path: The recipe.
        checkpoint: Its checkpoint, or a run's folder.
        out: ``.onnx`` file.
        size: Height and width of the images in pixels; those of the recipe's test images by default.
        weights: A name in :data:`~agmax_mm.checkpoints.unwrapping.WEIGHTS`.
        pick: ``'last'`` or ``'best'``, for folders.
        options: Dotted config keys and their values.

    Returns:
        What was written and how it was checked, in one line.

    Raises:
        ValueError: If the package ``onnx`` is missing, the checkpoint is not of this recipe, the recipe is of something
            else than a classifier, or the file computes something else than torch.
    """
    if importlib.util.find_spec('onnx') is None:
        raise ValueError(f'ONNX: expected the package onnx, got none: {_INSTALL}')
    config = load_config(config_path, options)
    size = size or _test_size(config)
    # The file first: it is the quicker one to be wrong.
    file = read_checkpoint(find_checkpoint(checkpoint, pick), weights=weights).own()
    with DefaultScope.overwrite_default_scope(config.get('default_scope', 'mmpretrain')):
        classifier = MODELS.build(config.model)
    if not (hasattr(classifier, 'head') and hasattr(classifier, 'extract_feat')):
        raise ValueError(f'config {config_path!r}: expected the recipe of a classifier, got {config.model.type}')
    # The agreement takes part in training alone.
    tensors = {name: value for name, value in file.tensors.items() if not name.startswith(_UNUSED)}
    require_match(file.path, tensors, classifier, optional=(_UNUSED,))
    classifier.load_state_dict(tensors, strict=False)
    contract = preprocessing_contract(classifier)
    whole = _FromPixels(classifier, contract).eval()
    note = {**file.note, 'contract': contract, 'recipe': Path(config_path).name}
    images = 255 * torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with atomic_path(out) as temporary:
        _write(whole, images, note, temporary)
        checked = _compare(whole, images, temporary)
    return f'{type(classifier).__name__}, {size} x {size} RGB pixels of 0 to 255, opset {_OPSET}; {checked}'


def _write(whole: nn.Module, images: Tensor, note: dict[str, Any], path: Path) -> None:
    import onnx

    with warnings.catch_warnings(), torch.no_grad():
        # The exporter through TorchScript: one file, no further packages, and the same for all torch that goes here.
        warnings.simplefilter('ignore')
        torch.onnx.export(
            whole,
            (images,),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: 'N'}, OUTPUT: {0: 'N'}},
            opset_version=_OPSET,
            dynamo=False,
        )
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {'agmax_mm': json.dumps(note, sort_keys=True)})
    onnx.save(model, str(path))


def _compare(whole: nn.Module, images: Tensor, path: Path) -> str:
    if importlib.util.find_spec('onnxruntime') is None:
        return f'not compared with torch, because the package onnxruntime is missing: {_INSTALL}'
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    worst = 0.0
    # Another number of images than it was traced with, too.
    for batch in (images, images[:1]):
        with torch.no_grad():
            expected = whole(batch)
        found = torch.from_numpy(session.run(None, {INPUT: batch.numpy()})[0])
        worst = max(worst, float((found - expected).abs().max() / expected.abs().max().clamp(min=1)))
    if not worst < _TOLERANCE:
        raise ValueError(f'ONNX: expected the logits of torch, got a relative difference of {worst:.2g}')
    return f'equal to torch in onnxruntime (largest relative difference {worst:.1g})'


def _test_size(config: Config) -> int:
    pipeline = config.get('test_dataloader', {}).get('dataset', {}).get('pipeline', [])
    for step in reversed(pipeline):
        size = step.get('crop_size', step.get('scale'))
        if isinstance(size, int):
            return size
    raise ValueError('image size: expected one, because the recipe does not resize its test images, got none')
