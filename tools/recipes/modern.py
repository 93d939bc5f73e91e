"""The strongest published plain recipe for ResNet-50, configs/modern/, without and with AgMax.

It is torchvision's later one, in its first state, without repeated augmentation: V. Vryniotis, *How to Train
State-Of-The-Art Models Using TorchVision's Latest Primitives*, pytorch.org, 2021, and the options of its released
weights.
"""

from __future__ import annotations

from typing import Any

from tools.recipes import text

_FAMILY, _PLAIN, _AGMAX = 'modern', 'resnet50_600e', 'resnet50_600e_agmax'
_PUBLISHED = (
    'neither; torchvision, "How to Train State-Of-The-Art Models Using TorchVision\'s Latest Primitives" (2021): '
    '80.674 top-1, 95.166 top-5, one run. Repeated augmentation, which gave it 80.858 later, is left out.'
)
_SETTINGS: dict[str, dict[str, Any]] = {
    'model': {'head': {'loss': {'type': 'LabelSmoothLoss', 'mode': 'original', 'label_smooth_val': 0.1}}},
    'data_preprocessor': {
        'batch_augments': {
            'augments': [{'type': 'agmax_mm.MixUp', 'alpha': 0.2}, {'type': 'agmax_mm.CutMix', 'alpha': 1.0}],
            'probs': [0.5, 0.5],
        }
    },
}
_AGREEMENT = {'agreement': {'type': 'agmax_mm.MutualInfoAgreement', 'loss_weight': 1.0}}


def modern_files() -> dict[str, str]:
    """The text of both recipes by their paths in a checkout."""
    bases = text.bases(
        ['models/resnet50_he', 'datasets/imagenet_modern', 'schedules/imagenet_modern_600e', 'default_runtime']
    )
    settings = ''.join(text.assignment(name, value) for name, value in _SETTINGS.items())
    title = 'ResNet-50 by a modern recipe, ImageNet-1k, 600 epochs'
    what = 'TrivialAugment, random erasing, Mixup or CutMix in each step, label smoothing, an average of the weights.'
    notes = {'Paper:': _PUBLISHED, 'What:': what, 'Ours:': 'not run.', 'Run:': _command(_PLAIN)}
    plain = [text.docstring(f'{title}.', notes), bases, text.paper([]), settings]
    agmax = [
        text.docstring(
            f'AgMax on {title}.',
            {
                'Paper:': 'neither has this recipe.',
                'Ours:': 'not run; in small: benchmarks/studies/main_cifar10_modern.py.',
                'Run:': _command(_AGMAX),
                'Control:': '--cfg-options model.agreement=none (two views, no agreement)',
            },
        ),
        f"_base_ = './{_PLAIN}.py'\n",
        text.paper([]),
        text.assignment('model', _AGREEMENT),
    ]
    return {f'configs/{_FAMILY}/{name}.py': '\n'.join(parts) for name, parts in ((_PLAIN, plain), (_AGMAX, agmax))}


def _command(name: str) -> str:
    return f'tools/dist_train.sh configs/{_FAMILY}/{name}.py 8'
