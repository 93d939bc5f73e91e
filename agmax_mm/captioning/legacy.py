"""What the code that the CutMix paper's captioning builds on does otherwise, as named switches."""

from __future__ import annotations

from collections.abc import Sequence

# stevehuanghe/image_captioning, whose defaults are the paper's settings.
LEGACY = {
    'batch_statistics': 'the frozen backbone normalises by the statistics of each training batch, and moves its own',
    'padded_mean': 'the loss is divided by the words of the longest caption times the captions, padding included',
    'past_end': 'beams go on after the end of a sentence, and what follows counts for its probability',
    'special_words': 'the search takes <unk>, <pad> and <start>, of which captions hold <unk>',
    'punctuation': 'marks such as the full stop are words',
    'random_test_views': 'test images are cropped and mirrored at random',
}


def legacy_names(value: bool | Sequence[str]) -> frozenset[str]:
    """The switches that are on.

    Args:
        value: True for all of :data:`LEGACY`, False for none, or some of their names.

    Raises:
        ValueError: If a name is unknown.
    """
    if isinstance(value, bool):
        return frozenset(LEGACY if value else ())
    names = [value] if isinstance(value, str) else list(value)
    unknown = [name for name in names if name not in LEGACY]
    if unknown:
        raise ValueError(f'legacy: expected True, False or some of {", ".join(LEGACY)}, got {unknown[0]!r}')
    return frozenset(names)
