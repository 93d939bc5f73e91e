"""Lists of names in messages."""

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
