"""Lists of names in messages, and what a class lacks."""

import inspect
from collections.abc import Iterable


def first_names(names: Iterable[str], most: int = 3, empty: str = 'none') -> str:
    """The first names and the number of the others, such as ``'a, b, c and 2 more'``.

    Args:
        names: The names.
        most: Names to give, at least 1.
        empty: What to say where there are no names.
    """
    names = list(names)
    more = f' and {len(names) - most} more' if len(names) > most else ''
    return ', '.join(names[:most]) + more or empty


def method_text(base: type, name: str) -> str:
    """A method that a subclass must have, as ``'pair_terms(self, logits_a: Tensor, ...) of package.module.Base'``."""
    signature = str(inspect.signature(getattr(base, name))).replace("'", '')
    return f'{name}{signature} of {base.__module__}.{base.__qualname__}'


def missing_methods(kind: type) -> list[str]:
    """Abstract methods that a class leaves open, each with its signature and the base class that describes it."""
    return [
        method_text(next(base for base in kind.__mro__ if name in vars(base)), name)
        for name in sorted(getattr(kind, '__abstractmethods__', ()))
    ]
