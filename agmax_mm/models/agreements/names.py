"""Agreement terms by name, as in tables, file names and ``--cfg-options model.agreement=NAME``."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from agmax_mm.models.agreements.base import BaseAgreement
from agmax_mm.registry import MODELS

# The paper's and the released code's forms with their own settings; 'none' classifies the views and no more.
AGREEMENTS: dict[str, dict[str, Any] | None] = {
    'mi': {'type': 'agmax_mm.MutualInfoAgreement'},
    'mi_qnet': {'type': 'agmax_mm.PairEntropyAgreement', 'pair_head': {'type': 'agmax_mm.PairHead'}},
    'mse': {'type': 'agmax_mm.MSEAgreement'},
    'kl': {'type': 'agmax_mm.KLAgreement'},
    'ce': {'type': 'agmax_mm.CrossEntropyAgreement'},
    'jsd': {'type': 'agmax_mm.JSDAgreement'},
    'none': None,
}


def build_agreement(agreement: nn.Module | dict[str, Any] | str | None, num_classes: int | None) -> nn.Module | None:
    """Build an agreement term.

    Args:
        agreement: A module, which is returned, a config, one of :data:`AGREEMENTS`, or ``None``.
        num_classes: Classes of the pair head, for terms that have one and don't say.

    Raises:
        ValueError: If the name or the type is unknown, or the type is no agreement term.
    """
    if isinstance(agreement, nn.Module):
        return agreement
    if isinstance(agreement, str):
        if agreement not in AGREEMENTS:
            raise ValueError(f'model.agreement: expected one of {", ".join(AGREEMENTS)}, got {agreement!r}')
        agreement = AGREEMENTS[agreement]
    if agreement is None:
        return None
    config = copy.deepcopy(dict(agreement))
    known = MODELS.get(config['type']) if isinstance(config.get('type'), str) else config.get('type')
    if known is None or not (isinstance(known, type) and issubclass(known, BaseAgreement)):
        types = ', '.join(named['type'] for named in AGREEMENTS.values() if named)
        raise ValueError(
            f'model.agreement.type: expected an agreement term, such as {types}, got {config.get("type")!r}'
        )
    if isinstance(config.get('pair_head'), dict):
        config['pair_head'].setdefault('num_classes', num_classes)
    # Random numbers for a pair head are drawn aside, so that with equal seeds all forms train on the same views.
    with torch.random.fork_rng(devices=[]):
        return MODELS.build(config)
