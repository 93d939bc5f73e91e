"""The part of the transfer check that is about the backbone: its file, its preprocessing, what of it learns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config, ConfigDict
from torch import nn

from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.checkpoints.formats import resnet_depth
from agmax_mm.checkpoints.matching import require_match
from agmax_mm.findings import Finding
from agmax_mm.models.contract import contract_mismatches
from agmax_mm.transfer.backbone import Backbone, head_mismatches, load_backbone, read_backbone

_HOOK = 'default_hooks.backbone.checkpoint'
_BY_HOOK = '--cfg-options model.backbone.init_cfg=None default_hooks.backbone.type=agmax_mm.LoadBackboneHook'
_IMAGENET_CLASSES = 1000
_MOST_STAGES = 4  # the host's default
# Formats whose files are of ImageNet networks without saying so.
_IMAGENET_FORMATS = ('agmax', 'torchvision', 'timm', 'cutmix')


@dataclass(frozen=True)
class GivenWeights:
    """The source of a config's backbone.

    Attributes:
        path: The file.
        key: The config key that names it.
        init: The host's ``init_cfg``, if that names it.
    """

    path: str
    key: str
    init: ConfigDict | None = None


def given_weights(config: Config, findings: list[Finding]) -> GivenWeights | None:
    """Find the source of the backbone's weights, None for a training from scratch; report several or none."""
    hooks = [*config.get('default_hooks', {}).values(), *config.get('custom_hooks', [])]
    hook: Any = next((hook for hook in hooks if str((hook or {}).get('type', '')).endswith('LoadBackboneHook')), {})
    init = config.model.backbone.get('init_cfg')
    entries = init if isinstance(init, list) else [init or {}]
    pretrained: Any = next((entry for entry in entries if str(entry.get('type', '')).endswith('Pretrained')), None)
    sources = []
    if hook.get('checkpoint'):
        sources.append(GivenWeights(str(hook['checkpoint']), _HOOK))
    if pretrained is not None:
        sources.append(GivenWeights(pretrained.checkpoint, 'model.backbone.init_cfg', pretrained))
    if config.get('load_from'):
        sources.append(GivenWeights(str(config.load_from), 'load_from'))
    if not sources:
        problem = 'no backbone is given: the detector would be trained from random weights'
        findings.append(Finding('warning', problem, f'--cfg-options {_HOOK}=FILE, or --finetune scratch'))
        return None
    first, *others = sources
    for other in others:
        problem = f'weights are given twice, by {first.key} and {other.key}: the run would stop or use one of them'
        findings.append(Finding('error', problem, f'--cfg-options {other.key}=None'))
    return first


def check_weights(
    config: Config, detector: nn.Module, weights: GivenWeights | None, findings: list[Finding]
) -> Backbone | None:
    """Load the backbone into the detector and compare the preprocessing; report what differs.

    Returns:
        The backbone, or None if there is none or its file cannot be read.
    """
    if weights is None:
        return None
    if '://' in weights.path:
        problem = f'{weights.key} names {weights.path}: it would be downloaded, loaded in part without an error, '
        findings.append(Finding('error', f'{problem}and its preprocessing not be compared', f'{_BY_HOOK} {_HOOK}=FILE'))
        return None
    if weights.key == 'load_from':
        # It takes the tensors by the names they have.
        try:
            require_match(weights.path, read_checkpoint(weights.path).own().tensors, detector, within='backbone.')
        except ValueError as error:
            findings.append(Finding('error', str(error), f'{_BY_HOOK} {_HOOK}={weights.path} load_from=None'))
            return None
    try:
        backbone = read_backbone(weights.path)
    except ValueError as error:
        findings.append(Finding('error', f'no weights would be loaded: {error}', f'--cfg-options {_HOOK}=FILE'))
        return None
    if weights.init is not None:
        findings += _check_init(config, weights, detector)
    try:
        load_backbone(detector, backbone, 'ignore')
    except ValueError as error:
        findings.append(Finding('error', str(error), _mend_of_network(config, backbone)))
    findings += _check_contract(backbone, detector)
    return backbone


def check_frozen(config: Config, backbone: Backbone | None, *, scratch: bool) -> Iterator[Finding]:
    """Compare what does not learn with what the backbone was trained on.

    Args:
        config: The config.
        backbone: The weights, if they could be read.
        scratch: Whether training begins from random weights.
    """
    part = config.model.backbone
    stages, norm_eval = part.get('frozen_stages', -1), part.get('norm_eval', True)
    learns_scale = part.get('norm_cfg', {}).get('requires_grad', True)
    frozen = {
        f'frozen_stages={stages}': (stages >= 0, 'model.backbone.frozen_stages=-1', 'the stem and the first stages'),
        f'norm_eval={norm_eval}': (norm_eval, 'model.backbone.norm_eval=False', 'the batch statistics'),
        'norm_cfg.requires_grad=False': (
            not learns_scale,
            'model.backbone.norm_cfg.requires_grad=True',
            'scale and shift of the normalisation',
        ),
    }
    if scratch:
        for setting, (applies, fix, what) in frozen.items():
            if applies:
                problem = f'{setting}: {what} would stay random, because no backbone is given'
                yield Finding('error', problem, f'--cfg-options {fix}')
    elif stages >= part.get('num_stages', _MOST_STAGES):
        problem = f'frozen_stages={stages}: nothing of the backbone would learn'
        yield Finding('warning', problem, '--cfg-options model.backbone.frozen_stages=1')
    elif backbone is not None and (other := _other_images(backbone)) is not None:
        for setting, (applies, fix, what) in frozen.items():
            if applies:
                problem = f'{setting}: {what} would stay as learnt on {other}, not on ImageNet'
                yield Finding('warning', problem, f'--cfg-options {fix}, or --finetune full')
    shared = config.model.get('roi_head', {}).get('shared_head')
    if shared is not None and shared.get('norm_eval', True) != norm_eval:
        found = f'norm_eval is {norm_eval} in the backbone, {shared.get("norm_eval", True)} in the shared head'
        fix = f'--cfg-options model.roi_head.shared_head.norm_eval={norm_eval}'
        yield Finding('warning', f'{found}: parts of one network would learn differently', fix)


def _check_init(config: Config, weights: GivenWeights, detector: Any) -> Iterator[Finding]:
    """Check what the host's own loading would load: it only warns of what does not match."""
    assert weights.init is not None
    prefix = weights.init.get('prefix') or ''
    prefix += '.' if prefix and not prefix.endswith('.') else ''
    names = {name.removeprefix(prefix) for name in read_checkpoint(weights.path).stored if name.startswith(prefix)}
    expected = detector.backbone.state_dict().keys()
    missing = [name for name in expected if name not in names]
    if missing:
        problem = f'{weights.key} with prefix={prefix!r} would leave {len(missing)} of {len(expected)} tensors random'
        yield Finding('error', f'{problem}, and the host only warns', f'{_BY_HOOK} {_HOOK}={weights.path}')
    shared = config.model.get('roi_head', {}).get('shared_head')
    if shared is not None and not shared.get('init_cfg'):
        problem = 'model.roi_head.shared_head has no init_cfg: the last stage would be random'
        yield Finding('error', problem, f'{_BY_HOOK} {_HOOK}={weights.path}')


def _check_contract(backbone: Backbone, detector: nn.Module) -> Iterator[Finding]:
    contract = backbone.contract
    if contract is None:
        problem = f'{backbone.path} does not say how its images were prepared: a difference would go unnoticed'
        fix = 'export it from the training checkpoint of its recipe, or compare mean, std and channel order by hand'
        yield Finding('warning', problem, fix)
        return
    channel_order = contract.get('channel_order') == 'rgb'
    fixes = {
        'mean': f'model.data_preprocessor.mean={_plain(contract.get("mean"))}',
        'std': f'model.data_preprocessor.std={_plain(contract.get("std"))}',
        'channel_order': f'model.data_preprocessor.bgr_to_rgb={channel_order}',
        'style': f'model.backbone.style={contract.get("style")}',
        'style of the shared head': f'model.roi_head.shared_head.style={contract.get("style")}',
    }
    for line in [*contract_mismatches(contract, detector), *head_mismatches(contract, detector)]:
        what = line.partition(':')[0]
        fact = what.removeprefix('backbone ')
        fix = fixes.get(what) or f'model.backbone.{fact}={contract.get("backbone", {}).get(fact)}'
        wrong = (
            'it would see other pixels' if what in ('mean', 'std', 'channel_order') else 'it would compute otherwise'
        )
        yield Finding('error', f'{line}; {wrong} than in pre-training', f'--cfg-options {fix}')


def _mend_of_network(config: Config, backbone: Backbone) -> str:
    depth = resnet_depth(backbone.tensors)
    if depth not in (None, config.model.backbone.get('depth')):
        return (
            f'--cfg-options model.backbone.depth={depth}, or tools/transfer.py, which fits the recipe to the backbone'
        )
    return 'a backbone of the network in the config, or a recipe for this one'


def _other_images(backbone: Backbone) -> str | None:
    """The data that the backbone was trained on, if it is known and is not ImageNet."""
    if backbone.info.get('format') in _IMAGENET_FORMATS:
        return None
    classes = backbone.info.get('num_classes')
    if classes is None or classes == _IMAGENET_CLASSES:
        return None
    return f'{classes} classes ({backbone.info.get("recipe") or backbone.info.get("format")})'


def _plain(values: Any) -> str:
    return str(values).replace(' ', '')
