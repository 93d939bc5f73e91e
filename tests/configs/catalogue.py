"""The recipes by name: what a name promises, and the configs, each read once for all tests."""

import functools
import json
import re
from collections import namedtuple
from pathlib import Path

from agmax_mm.engine.config import load_config, prepare_config

NAMES = sorted(
    f'{folder}/{path.stem}' for folder in ('agmax', 'baseline') for path in Path('configs', folder).glob('*.py')
)
AGREEMENTS = {
    'mi': 'MutualInfoAgreement',
    'mse': 'MSEAgreement',
    'kl': 'KLAgreement',
    'ce': 'CrossEntropyAgreement',
}

Promise = namedtuple('Promise', 'agmax model augmentation epochs dataset agreement smoothing')


@functools.cache
def config_of(name):
    """The complete config, which nobody may change."""
    config = load_config(f'configs/{name}.py')
    prepare_config(config, world_size=1)
    return config


@functools.cache
def promise_of(name):
    match = re.fullmatch(
        r'(agmax|baseline)/([a-z0-9-]+)_((?:[a-z]+_)??[a-z]+)_(\d+)e(?:_(cifar\d+))?(?:_(ls|mse|kl|ce))?', name
    )
    folder, model, augmentation, epochs, dataset, variant = match.groups()
    agmax = folder == 'agmax'
    agreement = (variant or 'mi') if agmax else None
    return Promise(agmax, model, augmentation, int(epochs), dataset or 'imagenet', agreement, variant == 'ls')


def groups(part, promise):
    """One recipe, with what it promises, for each different value of a part of the configs.

    Args:
        part: Takes a config and returns the part, made of plain values.
        promise: Takes what a name promises and returns what matters of it for the part; recipes that promise the same
            must have the same part.
    """
    found = {}
    for name in NAMES:
        key = promise(promise_of(name))
        value = json.dumps(part(config_of(name)), sort_keys=True)
        first, expected = found.setdefault(key, (name, value))
        assert value == expected, f'{name} differs from {first}'
    return {key: name for key, (name, _) in found.items()}


def twin_of(name):
    """The recipe without what the name adds last: the agreement, AgMax as a whole, or label smoothing."""
    if name.endswith('_ls'):
        return name.removesuffix('_ls')
    plain = re.sub(r'_(mse|kl|ce)$', '', name)
    return plain.replace('agmax/', 'baseline/')
