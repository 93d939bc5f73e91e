"""A backbone's weights with their provenance: read from checkpoints, written as files, loaded into models.

An exported file holds the backbone alone, without classifier and pair head. Its keys keep the prefix ``backbone.``,
so that the host's ``init_cfg=dict(type='Pretrained', checkpoint=FILE, prefix='backbone.')`` reads the ``.pth`` form
too. The provenance is JSON text: the entry ``agmax_mm`` of the safetensors metadata, or ``meta['agmax_mm']`` in the
``.pth`` form.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

import agmax_mm
from agmax_mm.checkpoints.checkpoint import Checkpoint, read_checkpoint
from agmax_mm.checkpoints.files import write_weights
from agmax_mm.checkpoints.formats import FORMATS, resnet_depth
from agmax_mm.checkpoints.matching import match
from agmax_mm.checkpoints.renaming import State
from agmax_mm.host import unwrap

CONTRACT_MODES = ('check', 'require', 'ignore')

_PREFIX = 'backbone.'
_RESNET_STAGES = 4
# What is taken over from the note that training leaves in its checkpoints.
_PROVENANCE = ('recipe', 'config_sha256', 'num_classes', 'package_version', 'scores', 'contract')


@dataclass(frozen=True)
class Backbone:
    """Weights of a backbone.

    Attributes:
        tensors: Name in the host's backbone (no prefix) to tensor, on the CPU.
        info: Provenance, JSON-able: ``format``, ``source`` (file name), ``source_sha256``, ``contract`` (None if
            unknown), ``contract_assumed`` (True if the format and not the file says it), and ``recipe``,
            ``config_sha256``, ``num_classes``, ``package_version``, ``scores`` where training noted them; ``run``, what
            another trainer noted; ``weights``, which ones these are where the file also has a moving average.
        path: The file it was read from.
        network: All tensors of the network in the file, under the file's names.
    """

    tensors: dict[str, Tensor]
    info: dict[str, Any]
    path: str
    network: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def contract(self) -> dict[str, Any] | None:
        """The preprocessing these weights expect, see :func:`~agmax_mm.models.contract.preprocessing_contract`."""
        return self.info.get('contract')

    def summary(self) -> str:
        """Describe the backbone in one line."""
        depth = resnet_depth(self.tensors)
        facts = (self.contract or {}).get('backbone', {})
        kind = facts.get('type', 'ResNet' if depth else 'backbone')
        recipe = self.info.get('recipe') or f'a {self.info["format"]} file'
        return f'{kind}{f" depth {depth}" if depth else ""}, {len(self.tensors)} tensors, from {recipe}'


def read_backbone(path: str | os.PathLike[str], source: str = 'auto', weights: str = 'auto') -> Backbone:
    """Read the backbone of a checkpoint or of an exported file, as weights only.

    Args:
        path: ``.safetensors``, or anything ``torch.save`` wrote.
        source: A name in :data:`~agmax_mm.checkpoints.formats.FORMATS`, or ``'auto'`` to tell it by the keys.
        weights: A name in :data:`~agmax_mm.checkpoints.unwrapping.WEIGHTS`.

    Raises:
        ValueError: If the file is missing, damaged, holds more than weights, is of no known format or holds a value
            that is not finite, or if the chosen weights are not there.
    """
    checkpoint = read_checkpoint(path, source, weights)
    return Backbone(checkpoint.backbone(), _provenance(checkpoint), checkpoint.path, checkpoint.tensors)


def write_backbone(backbone: Backbone, path: str | os.PathLike[str]) -> None:
    """Write an exported file, whole or not at all.

    Args:
        backbone: What to write.
        path: Its suffix, ``.safetensors`` or ``.pth``, chooses the form.

    Raises:
        ValueError: If the suffix is another.
    """
    tensors = {_PREFIX + key: value for key, value in backbone.tensors.items()}
    write_weights(tensors, backbone.info, path)


def load_backbone(model: nn.Module, source: Backbone | str | os.PathLike[str], contract: str = 'check') -> Backbone:
    """Put the weights of a file into ``model.backbone``, all of them or none.

    Two kinds of detectors build a ResNet with fewer stages: one that has the later stage in its shared head, as C4
    detectors do, gets it there; the stages that a detector does not build at all are left, and the log names them.

    Args:
        model: A detector or classifier, wrapped for data parallelism or not.
        source: An exported file or any checkpoint :func:`read_backbone` understands, or what that returned.
        contract: ``'check'`` compares the preprocessing if the file states it, and warns if not; ``'require'`` also
            refuses a file that doesn't state it; ``'ignore'`` compares nothing.

    Raises:
        ValueError: If the file can't be read, the preprocessing differs, or one tensor of either side has no
            counterpart of its name and shape. The model is then unchanged.
    """
    if contract not in CONTRACT_MODES:
        raise ValueError(f'contract: expected one of {", ".join(CONTRACT_MODES)}, got {contract!r}')
    backbone = source if isinstance(source, Backbone) else read_backbone(source)
    inner = unwrap(model)
    module = getattr(inner, 'backbone', None)
    if not isinstance(module, nn.Module):
        raise ValueError(f'backbone {backbone.path!r}: expected a model with a backbone, got {type(inner).__name__}')
    tensors, head, later = _divide(inner, module, backbone.tensors)
    # Before the preprocessing: a wrong network is the larger mistake, and is to be named first.
    _check_tensors(module, tensors, backbone)
    if head is not None:
        _check_tensors(head, later, backbone)
    if contract != 'ignore':
        _check_contract(inner, backbone, required=contract == 'require')
    module.load_state_dict(tensors, strict=True)
    stages = ', '.join(sorted({key.split('.')[0] for key in later}))
    if head is not None:
        head.load_state_dict(later, strict=True)
        print_log(f'backbone {backbone.path!r}: {stages} loaded into the shared head', logger='current')
    elif later:
        print_log(
            f'backbone {backbone.path!r}: {stages} left ({len(later)} tensors), which the {type(inner).__name__} does '
            f'not build',
            logger='current',
        )
    return backbone


def _divide(model: nn.Module, module: nn.Module, tensors: State) -> tuple[State, nn.Module | None, State]:
    """Divide weights among the backbone, the shared head, if it continues the backbone, and those of later stages.

    Later are the stages beyond the number that the backbone says it builds, and the layers that timm's network for
    classification has behind its last stage; other tensors are never left.
    """
    built = getattr(module, 'num_stages', _RESNET_STAGES)
    beyond = [f'layer{stage}.' for stage in range(built + 1, _RESNET_STAGES + 1)]
    behind = _behind_last_stage(module)
    later = {key: value for key, value in tensors.items() if key.startswith(tuple(beyond)) or key in behind}
    head = _shared_head(model)
    # mmdet's ResLayer, of the stage after the backbone's last.
    continues = getattr(head, 'stage', None) == built
    return {key: value for key, value in tensors.items() if key not in later}, head if continues else None, later


def _behind_last_stage(module: nn.Module) -> set[str]:
    """Names that the host's backbone of timm's stages (``features_only``) lacks of timm's whole network."""
    stages = getattr(module, 'timm_model', None)
    name = (getattr(stages, 'pretrained_cfg', None) or {}).get('architecture')
    if stages is None or name is None:
        return set()
    import timm

    with torch.device('meta'):
        whole = timm.create_model(name, num_classes=0).state_dict()
    return {f'timm_model.{key}' for key in whole.keys() - stages.state_dict().keys()}


def _provenance(checkpoint: Checkpoint) -> dict[str, Any]:
    note, name = checkpoint.note, checkpoint.format
    if 'source_sha256' in note:  # an exported file: it already tells where the weights come from
        return dict(note)
    assert name is not None
    info = {key: note.get(key) for key in _PROVENANCE}
    assumed = FORMATS[name].contract
    run = {'weights': checkpoint.weights, 'run': checkpoint.run_facts}
    return {
        **info,
        'contract': info['contract'] or assumed,
        'contract_assumed': info['contract'] is None and assumed is not None,
        'format': name,
        'source': Path(checkpoint.path).name,
        'source_sha256': checkpoint.sha256,
        'exported_by': {'agmax_mm': agmax_mm.__version__, 'torch': str(torch.__version__)},
        **{key: value for key, value in run.items() if value},
    }


def _shared_head(model: nn.Module) -> nn.Module | None:
    return getattr(getattr(model, 'roi_head', None), 'shared_head', None)


def _check_tensors(module: nn.Module, tensors: State, backbone: Backbone) -> None:
    found = match(tensors, module)
    if found.is_whole:
        return
    depths = resnet_depth(backbone.tensors), getattr(module, 'depth', None)
    differ = None not in depths and depths[0] != depths[1]
    wrong_depth = f'a depth {depths[0]} file into a depth {depths[1]} backbone; ' if differ else ''
    raise ValueError(
        f'backbone {backbone.path!r} does not fit the {type(module).__name__} of the model: {wrong_depth}{found}'
    )


def _check_contract(model: nn.Module, backbone: Backbone, *, required: bool) -> None:
    if backbone.contract is None:
        message = (
            f'backbone {backbone.path!r} does not say how its images were prepared (mean, std, channel order, style)'
        )
        if required:
            raise ValueError(f'{message}, and contract="require" asks for it')
        print_log(f'{message}: make sure that the model prepares them alike', logger='current', level=30)
        return
    # Imported here, because it brings all of mmpretrain, and exporting a file should not take ten seconds.
    from agmax_mm.models.contract import contract_mismatches

    differences = [*contract_mismatches(backbone.contract, model), *head_mismatches(backbone.contract, model)]
    if differences:
        raise ValueError(f'backbone {backbone.path!r} and the model disagree: {"; ".join(differences)}')
    if backbone.info.get('contract_assumed'):
        known = f'{backbone.info["format"]} files are taken to expect ImageNet preprocessing'
        print_log(f'backbone {backbone.path!r}: {known}, which the model has', logger='current')


def head_mismatches(contract: Mapping[str, Any], model: nn.Module) -> list[str]:
    """Bottlenecks of a shared head have their own place of the stride, which the backbone doesn't tell."""
    head = _shared_head(model)
    styles = {str(block.style) for block in head.modules() if hasattr(block, 'style')} if head is not None else set()
    return [
        f'style of the shared head: the backbone expects {contract["style"]!r}, the model has {style!r}'
        for style in sorted(styles)
        if contract.get('style') not in (None, style)
    ]
