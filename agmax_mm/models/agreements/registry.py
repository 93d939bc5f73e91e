"""Agreement terms by name, as in tables, file names and ``--cfg-options model.agreement=NAME``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn

from agmax_mm.models.agreements.base import PAIR_TERMS, BaseAgreement
from agmax_mm.registry import MODELS

_Agreement = TypeVar('_Agreement', bound=type[BaseAgreement])

# Configs by name. 'none' classifies the views and does nothing else.
AGREEMENTS: dict[str, dict[str, Any] | None] = {'none': None}


def register_agreement(name: str, **options: Any) -> Callable[[_Agreement], _Agreement]:
    """Register an agreement term under its class's name and under a short one.

    The file of an agreement in this folder needs nothing else. One of another package is registered when that package
    is imported, as by ``custom_imports``.

    Args:
        name: Short name, which ``model.agreement`` takes.
        options: Arguments that the short name stands for; others keep the defaults of the class.

    Raises:
        ValueError: If the name is taken, or the class is no agreement.

    Example:
        >>> @register_agreement('l1')
        ... class L1Agreement(BaseAgreement):
        ...     def pair_terms(self, logits_a, logits_b):
        ...         return {'loss_agreement': (logits_a - logits_b).abs().mean()}
        >>> build_agreement('l1', num_classes=10)
        L1Agreement()
    """
    if name in AGREEMENTS:
        raise ValueError(f'register_agreement: expected a new name, got {name!r}, which is {AGREEMENTS[name]}')

    def register(agreement: _Agreement) -> _Agreement:
        if not (isinstance(agreement, type) and issubclass(agreement, BaseAgreement)):
            raise ValueError(
                f'register_agreement({name!r}): expected a subclass with the method {PAIR_TERMS}, got {agreement!r}'
            )
        MODELS.register_module(module=agreement)
        AGREEMENTS[name] = {'type': f'{MODELS.scope}.{agreement.__name__}', **options}
        return agreement

    return register


def build_agreement(agreement: nn.Module | dict[str, Any] | str | None, num_classes: int | None) -> nn.Module | None:
    """Build an agreement term.

    Args:
        agreement: A module, which is returned, a config, a name in :data:`AGREEMENTS`, or ``None``.
        num_classes: Number of classes, for a pair head whose config does not give it.

    Raises:
        ValueError: If the name or the type is unknown, or the type is no agreement term.
    """
    if isinstance(agreement, nn.Module):
        return agreement
    if isinstance(agreement, str):
        if agreement not in AGREEMENTS:
            raise ValueError(f'model.agreement: expected one of {", ".join(sorted(AGREEMENTS))}, got {agreement!r}')
        agreement = AGREEMENTS[agreement]
    if agreement is None:
        return None
    config = copy.deepcopy(dict(agreement))
    known = MODELS.get(config['type']) if isinstance(config.get('type'), str) else config.get('type')
    if known is None or not (isinstance(known, type) and issubclass(known, BaseAgreement)):
        types = ', '.join(named['type'] for named in AGREEMENTS.values() if named)
        raise ValueError(
            f'model.agreement.type: expected an agreement term, such as {types}, or a class of your own with the '
            f'method {PAIR_TERMS}, got {config.get("type")!r}'
        )
    if isinstance(config.get('pair_head'), dict):
        config['pair_head'].setdefault('num_classes', num_classes)
    # The pair head draws from a forked generator. So all forms train on the same views if their seeds are equal.
    with torch.random.fork_rng(devices=[]):
        return MODELS.build(config)
