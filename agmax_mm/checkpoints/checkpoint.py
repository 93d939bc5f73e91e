"""A checkpoint file, read once: what it holds, its tensors, whose they are, and the same under this package's names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import agmax_mm
from agmax_mm.checkpoints.formats import FORMATS, detect_format, is_cutmix_authors
from agmax_mm.checkpoints.matching import check_finite
from agmax_mm.checkpoints.renaming import EXTRACTOR_PREFIXES, State
from agmax_mm.checkpoints.unwrapping import WEIGHTS, has_average, largest_state, possible_states, usual_weights
from agmax_mm.fileio import load_checkpoint_file
from agmax_mm.safe_reading import NOTE
from agmax_mm.wording import first_names

# Facts about a run beside its weights, in the files of the AgMax authors, the CutMix authors and timm.
_RUN_FACTS = (
    'epoch',
    'best_top1',
    'best_top5',
    'best_epoch',
    'best_model',
    'arch',
    'best_err1',
    'best_err5',
    'metric',
)


@dataclass(frozen=True)
class Checkpoint:
    """A file of weights.

    Attributes:
        path: The file.
        content: All that it holds.
        stored: Its state dict: name to tensor, without the prefix of data-parallel wrappers.
        tensors: The network in it: ``stored`` without the names of whatever else is around the network.
        format: A name in :data:`~agmax_mm.checkpoints.formats.FORMATS`, or None for unknown names.
        weights: Which weights these are where the file also has a moving average: ``'average'`` or ``'plain'``; else
            None.
    """

    path: str
    content: dict[str, Any]
    stored: State
    tensors: State
    format: str | None
    weights: str | None = None

    @property
    def note(self) -> Mapping[str, Any]:
        """The note that this package wrote into the file about the run, empty in others' files."""
        meta = self.content.get('meta')
        note = meta.get(NOTE) if isinstance(meta, Mapping) else None
        return note if isinstance(note, Mapping) else {}

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, in hexadecimal digits."""
        return hashlib.sha256(Path(self.path).read_bytes()).hexdigest()

    @property
    def run_facts(self) -> dict[str, Any]:
        """The notes of other trainers beside the weights: epoch, scores, name of the network."""
        facts = {name: self.content.get(name) for name in _RUN_FACTS}
        return {name: value for name, value in facts.items() if isinstance(value, int | float | str)}

    @property
    def owner(self) -> str | None:
        """Whose code named the tensors, for messages; None for this package's and the host's."""
        if self._written_by_host:
            return None
        return FORMATS[self._named_format].owner if self._named_format else None

    @property
    def _named_format(self) -> str | None:
        """The format, also where a network is unknown but the file says whose it is."""
        if self.format is None and any(name.startswith(EXTRACTOR_PREFIXES) for name in self.tensors):
            return 'agmax'
        return 'cutmix_cifar' if self.format is None and is_cutmix_authors(self.content) else self.format

    @property
    def _written_by_host(self) -> bool:
        meta = self.content.get('meta')
        return isinstance(meta, Mapping) and 'mmengine_version' in meta

    def backbone(self) -> State:
        """The backbone under the host's names, without prefix.

        Raises:
            ValueError: If the format is unknown, the file has none of its tensors, or a value is not finite.
        """
        if self.format is None:
            raise ValueError(
                f'checkpoint {self.path!r}: expected one of {", ".join(FORMATS)} (see tools/export_backbone.py '
                f'--help), got {self._what_is_there()}'
            )
        tensors = FORMATS[self.format].extract(self.tensors)
        if not tensors:
            raise ValueError(
                f'checkpoint {self.path!r}: expected the backbone of a {self.format} file, got {self._what_is_there()}'
            )
        check_finite(tensors, self.path)
        return tensors

    def own(self) -> Checkpoint:
        """This checkpoint under the names of this package's classifiers.

        Returns:
            The checkpoint itself where the host or this package wrote it. Others' become ``backbone.``, ``head.fc.``
            where the file has a classifier, and ``agreement.pair_head.`` where it has a pair head; the note says where
            they come from and which preprocessing they are known to expect.

        Raises:
            ValueError: If it is one of the AgMax or the CutMix authors', but of a network that is not known here.
        """
        if self.owner is None or self._named_format is None:
            return replace(self, tensors=self.stored)
        source = FORMATS[self._named_format]
        assert source.classifier is not None
        try:
            state = source.classifier(self.tensors)
        except ValueError as error:
            raise ValueError(f'checkpoint {self.path!r}: {error}') from None
        note = {
            'recipe': f'{self.owner} {self.run_facts.get("best_model", Path(self.path).name)}',
            'contract': source.contract,
            'num_classes': len(state['head.fc.bias']) if 'head.fc.bias' in state else None,
            'package_version': agmax_mm.__version__,
            'converted': {'from': Path(self.path).name, 'sha256': self.sha256, **self.run_facts},
        }
        content = {'state_dict': state, 'meta': {NOTE: {**note, **self.note}}}
        return Checkpoint(self.path, content, state, state, 'openmmlab', self.weights)

    def _what_is_there(self) -> str:
        if self.tensors:
            return f'the keys {first_names(self.tensors)}'
        count, place = largest_state(self.content)
        return f'{count} tensors under {place!r}, which no known trainer writes' if count else 'no tensors'


def read_checkpoint(path: str | os.PathLike[str], source: str = 'auto', weights: str = 'auto') -> Checkpoint:
    """Read a file of weights without running any code in it.

    Args:
        path: ``.safetensors``, or anything ``torch.save`` wrote.
        source: A name in :data:`~agmax_mm.checkpoints.formats.FORMATS`, or ``'auto'`` to tell it by the keys.
        weights: A name in :data:`~agmax_mm.checkpoints.unwrapping.WEIGHTS`.

    Raises:
        ValueError: If the file is missing, damaged or holds more than weights, if an argument is unknown, or if the
            chosen weights are not there.
    """
    if source not in ('auto', *FORMATS):
        raise ValueError(f'format: expected auto or one of {", ".join(FORMATS)}, got {source!r}')
    if weights not in WEIGHTS:
        raise ValueError(f'weights: expected one of {", ".join(WEIGHTS)}, got {weights!r}')
    path = str(path)
    content = load_checkpoint_file(path)
    try:
        states = list(possible_states(content, weights))
    except ValueError as error:
        raise ValueError(f'checkpoint {path!r}: {error}') from None
    stored = states[0] if states else {}
    names = FORMATS if source == 'auto' else (source,)
    found = ((state, detect_format(state, names)) for state in states)
    tensors, name = next(((state, name) for state, name in found if name), (stored, None))
    if source == 'auto' and name == 'torchvision' and is_cutmix_authors(content):
        name = 'cutmix'
    chosen = (weights if weights != 'auto' else usual_weights(content)) if has_average(content) else None
    return Checkpoint(path, content, stored, tensors, name if source == 'auto' else source, chosen)
