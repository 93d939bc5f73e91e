"""Names of tensors in the AgMax authors' networks, and in the same networks here.

Their names are those of github.com/roatienza/agmax: ``features/*.py`` for the extractors, which for RegNet and
EfficientNet are timm's (0.4.12, whose names timm has kept) below ``features.``, and ``backbones.py`` and ``models.py``
for what is around them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

State = dict[str, Tensor]
# Pattern and replacement, applied in this order.
Rules = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]

# What ResNets and the host's RegNets have.
RESNET_NAMES = ('conv1.weight', 'bn1.weight', 'layer1.0.conv1.weight')
# timm's RegNetX and the host's, where blocks count from 0.
REGNETX_FROM_TIMM: Rules = (
    (r'^stem\.conv\.', 'conv1.'),
    (r'^stem\.bn\.', 'bn1.'),
    (r'^s(\d)\.b(\d+)\.', lambda found: f'layer{found[1]}.{int(found[2]) - 1}.'),
    (r'\.conv(\d)\.conv\.', r'.conv\1.'),
    (r'\.conv(\d)\.bn\.', r'.bn\1.'),
    (r'\.downsample\.conv\.', '.downsample.0.'),
    (r'\.downsample\.bn\.', '.downsample.1.'),
)
REGNETX_TO_TIMM: Rules = (
    (r'^conv1\.', 'stem.conv.'),
    (r'^bn1\.', 'stem.bn.'),
    (r'^layer(\d)\.(\d+)\.', lambda found: f's{found[1]}.b{int(found[2]) + 1}.'),
    (r'\.(b\d+)\.conv(\d)\.', r'.\1.conv\2.conv.'),
    (r'\.(b\d+)\.bn(\d)\.', r'.\1.conv\2.bn.'),
    (r'\.downsample\.0\.', '.downsample.conv.'),
    (r'\.downsample\.1\.', '.downsample.bn.'),
)
# Where the extractor is in a checkpoint of two views, and in one of the single-view baseline.
EXTRACTOR_PREFIXES = ('backbone.feature_extractor.', 'feature_extractor.')


@dataclass(frozen=True)
class Family:
    """Networks whose tensors are renamed alike.

    Attributes:
        name: For messages.
        theirs: Names that every extractor of the family has there.
        ours: Names that every backbone of the family has here.
        to_ours: Rules from their names to ours.
        to_theirs: Rules from our names to theirs.
        unused: Prefix, among their tensors, of the classifier, which no backbone here has; or ''.
        stem: Channels and kernel width of the first convolution, where names alone do not tell two families apart.
        output: Beginning of the output layer's names in their classifier. Layers before it are part of our backbone.
    """

    name: str
    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    to_ours: Rules = ()
    to_theirs: Rules = ()
    unused: str = ''
    stem: tuple[int, int] | None = None
    output: str = ''

    def is_theirs(self, state: Mapping[str, Tensor]) -> bool:
        """Whether these tensors of an extractor, without prefix, are of the family."""
        return all(name in state for name in self.theirs)

    def is_ours(self, state: Mapping[str, Tensor]) -> bool:
        """Whether these tensors of a backbone, without prefix, are of the family."""
        if not all(name in state for name in self.ours):
            return False
        first = state[self.ours[0]].shape
        return self.stem is None or (first[0], first[-1]) == self.stem

    def backbone(self, extractor: Mapping[str, Tensor]) -> State:
        """Their extractor as our backbone."""
        return {
            _renamed(name, self.to_ours): value
            for name, value in extractor.items()
            if not (self.unused and name.startswith(self.unused))
        }

    def extractor(self, backbone: Mapping[str, Tensor]) -> State:
        """Our backbone as their extractor, without the unused classifier."""
        return {_renamed(name, self.to_theirs): value for name, value in backbone.items()}


def _renamed(name: str, rules: Rules) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def _timm(name: str, mark: str, unused: str) -> Family:
    return Family(
        name,
        theirs=(f'features.{mark}',),
        ours=(f'timm_model.{mark}',),
        to_ours=((r'^features\.', 'timm_model.'),),
        to_theirs=((r'^timm_model\.', 'features.'),),
        unused=f'features.{unused}',
    )


FAMILIES: tuple[Family, ...] = (
    Family(
        'WideResNet',
        theirs=('conv.weight', 'layer1.0.bn1.weight', 'bn.weight'),
        ours=('stem.weight', 'layer1.0.norm1.weight', 'norm.weight'),
        to_ours=((r'^conv\.', 'stem.'), (r'^bn\.', 'norm.'), (r'^(layer\d\.\d+)\.bn', r'\1.norm')),
        to_theirs=((r'^stem\.', 'conv.'), (r'^norm\.', 'bn.'), (r'^(layer\d\.\d+)\.norm', r'\1.bn')),
    ),
    Family(
        'ResNet',
        theirs=RESNET_NAMES,
        ours=RESNET_NAMES,
        stem=(64, 7),
    ),
    _timm('RegNetY', 's1.b1.se.fc1.weight', 'head.fc.'),
    _timm('EfficientNet', 'conv_stem.weight', 'classifier.'),
    # Without squeeze-and-excitation it is the host's RegNet here, which detectors know, too.
    Family(
        'RegNetX',
        theirs=('features.s1.b1.conv1.conv.weight',),
        ours=RESNET_NAMES,
        to_ours=((r'^features\.', ''), *REGNETX_FROM_TIMM),
        to_theirs=(*REGNETX_TO_TIMM, (r'^', 'features.')),
        unused='features.head.fc.',
        stem=(32, 3),
    ),
    Family(
        'LeNet5',
        theirs=('conv1.weight', 'conv2.weight', 'classifier.0.weight', 'classifier.2.weight'),
        ours=('conv1.weight', 'conv2.weight', 'fc1.weight', 'fc2.weight'),
        to_ours=((r'^classifier\.0\.', 'fc1.'), (r'^classifier\.2\.', 'fc2.')),
        to_theirs=((r'^fc1\.', 'classifier.0.'), (r'^fc2\.', 'classifier.2.')),
        output='4.',
    ),
    Family(
        'VGG11',
        theirs=('features.0.weight', 'features.0.bias'),
        ours=('features.0.weight', 'features.0.bias'),
    ),
)
# Networks for spectrograms; the others are for pictures.
SPEECH_FAMILIES = ('LeNet5', 'VGG11')
# LeNet5's hidden layers, which come after the pooling and so do not belong to the extractor there.
_HIDDEN = ('classifier.0.', 'classifier.2.')


def tensors_under(state: Mapping[str, Tensor], prefix: str) -> State:
    """The tensors whose names begin with ``prefix``, without it."""
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def find_extractor(state: Mapping[str, Tensor]) -> tuple[str, State]:
    """The extractor of one of the authors' flat state dicts and its prefix, which is '' for an extractor alone.

    Hidden layers of the classifier are among the tensors, as ``classifier.0.`` and so on.
    """
    for prefix in EXTRACTOR_PREFIXES:
        if found := tensors_under(state, prefix):
            beside = tensors_under(state, prefix.removesuffix('feature_extractor.'))
            return prefix, found | {name: value for name, value in beside.items() if name.startswith(_HIDDEN)}
    return '', dict(state)


def family_of(extractor: Mapping[str, Tensor]) -> Family | None:
    """The family of the authors' extractor, or None."""
    return next((family for family in FAMILIES if family.is_theirs(extractor)), None)


def family_here(backbone: Mapping[str, Tensor]) -> Family | None:
    """The family of a backbone of ours, or None."""
    return next((family for family in FAMILIES if family.is_ours(backbone)), None)


def with_counters(backbone: State) -> State:
    """Add the step counters that BatchNorm had not yet got when old files were written."""
    for key in [key for key in backbone if key.endswith('running_var')]:
        backbone.setdefault(key.replace('running_var', 'num_batches_tracked'), torch.tensor(0))
    return backbone
