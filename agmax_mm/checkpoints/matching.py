"""Whether the tensors of a file are those of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from agmax_mm.wording import first_names


@dataclass(frozen=True)
class Match:
    """The comparison of the tensors of a file with those of a module, by name and shape.

    Attributes:
        expected: Number of tensors that the module has and that were compared.
        missing: Names that the module alone has.
        unknown: Names that the file alone has.
        reshaped: Names of both, of different shapes, with the shape in the file and the shape in the module.
    """

    expected: int
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    reshaped: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]

    @property
    def is_whole(self) -> bool:
        """Whether each tensor has its counterpart."""
        return not (self.missing or self.unknown or self.reshaped)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that differ."""
        return (*self.missing, *self.unknown, *self.reshaped)

    def __str__(self) -> str:
        reshaped = [f'{name} {found} for {wanted}' for name, (found, wanted) in self.reshaped.items()]
        kinds = {
            'missing in the file': self.missing,
            'unknown to the model': self.unknown,
            'of another shape': reshaped,
        }
        found = '; '.join(f'{len(names)} {kind} ({first_names(names)})' for kind, names in kinds.items() if names)
        return f'expected all {self.expected} tensors by name and shape, got {found or "them"}'


def match(tensors: Mapping[str, Tensor], module: nn.Module, *, within: str = '', optional: Sequence[str] = ()) -> Match:
    """Compare tensors with those of a module.

    Args:
        tensors: Name to tensor.
        module: What they are for.
        within: Only names that begin so are compared.
        optional: Beginnings of names that either side may lack. Where both have them, their shapes must be equal.
    """
    wanted = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    either = tuple(optional)
    compared = {
        name
        for name in wanted.keys() | found.keys()
        if (name in wanted and name in found if name.startswith(either) else name.startswith(within))
    }
    return Match(
        expected=len(compared & wanted.keys()),
        missing=tuple(name for name in wanted if name in compared and name not in found),
        unknown=tuple(name for name in found if name in compared and name not in wanted),
        reshaped={
            name: (found[name], wanted[name])
            for name in wanted
            if name in compared and name in found and found[name] != wanted[name]
        },
    )


def require_match(
    path: str,
    tensors: Mapping[str, Tensor],
    module: nn.Module,
    *,
    within: str = '',
    optional: Sequence[str] = (),
) -> None:
    """Refuse the tensors of a file that are not those of a module, or not finite; arguments as in :func:`match`.

    Raises:
        ValueError: If a tensor of either side has no counterpart of its name and shape, or a value is not finite.
    """
    found = match(tensors, module, within=within, optional=optional)
    if found.is_whole:
        check_finite({name: value for name, value in tensors.items() if name.startswith((within, *optional))}, path)
        return
    hints = {
        'pair_head': '; model.agreement.pair_head.hid_channels sets the width of the pair head',
        # Of a captioner.
        'head.words.': '; model.head.vocabulary.file=FILE takes the words of its run, whose folder has vocabulary.json',
    }
    raise ValueError(
        f'checkpoint {path!r}: expected the tensors of the {type(module).__name__}, got another network: {found}'
        + ''.join(hint for part, hint in hints.items() if any(part in name for name in found.names))
    )


def check_finite(tensors: Mapping[str, Tensor], path: str) -> None:
    """Refuse weights of a file that are infinite or NaN.

    Raises:
        ValueError: If a value is not finite.
    """
    bad = next((name for name, value in tensors.items() if not torch.isfinite(value).all()), None)
    if bad is not None:
        raise ValueError(f'checkpoint {path!r}: expected finite weights, got infinite or NaN values in {bad}')
