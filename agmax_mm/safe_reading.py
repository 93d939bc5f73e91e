"""Files of others, read without running what they hold, also where the host reads them.

Pickles and YAML files can hold calls of any function. mmengine, and through it mmpretrain and mmdet, falls back to
such a reading when a safe one fails: initial weights (``init_cfg``, ``pretrained``), teachers, queues, prototypes,
annotation files. :func:`guard_host` closes all of these ways at once. It replaces the functions that can run code
(``torch.load``, ``pickle.load`` and ``loads``, ``numpy.load``, ``yaml.load``) by ones that look at their caller: a
module of the host gets the safe form, everyone else the function as it was.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import io
import json
import os
import pickle
import re
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

# Entry of this package in the metadata of a file of weights.
NOTE = 'agmax_mm'
# Packages and modules whose readings are made safe, with all that is below them.
GUARDED = ('mmengine', 'mmcv', 'mmdet', 'mmpretrain', 'timm', 'torchvision', 'torch.hub')
# Of these, the modules that read back only what the processes of the same run have written, objects of all kinds.
OWN_DATA = (
    'mmengine.dataset.base_dataset',
    'mmengine.dist.dist',
    'mmdet.evaluation.metrics.base_video_metric',
    'mmdet.utils.dist_utils',
)
_ONE_CYCLE = (
    'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler',
    'torch.optim.lr_scheduler.OneCycleLR',
)
# Entry of the note of a safetensors file with :func:`tensors_checksum`.
CHECKSUM = 'tensors_sha256'

_torch_load = torch.load
_numpy_load = np.load


class ArrayUnpickler(pickle.Unpickler):
    """Unpickler that builds numpy arrays and plain values only, also from pickles of Python 2.

    Raises:
        pickle.UnpicklingError: If the file holds anything else.
    """

    _ADMITTED = {
        ('numpy.core.multiarray', '_reconstruct'),
        ('numpy._core.multiarray', '_reconstruct'),
        ('numpy.core.multiarray', 'scalar'),
        ('numpy._core.multiarray', 'scalar'),
        ('numpy', 'ndarray'),
        ('numpy', 'dtype'),
        ('_codecs', 'encode'),
        ('collections', 'OrderedDict'),
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the few admitted objects."""
        if (module, name) not in self._ADMITTED:
            raise pickle.UnpicklingError(f'expected arrays and plain values only, got the object {module}.{name}')
        return super().find_class(module, name)


def load_weights(file: Any, map_location: Any = 'cpu', **options: Any) -> Any:
    """Load what ``torch.save`` or safetensors wrote.

    Besides tensors, only plain values, numpy's scalars, the log buffers that mmengine stores and the arguments of
    others' commands are admitted.

    Args:
        file: Path, or an open file, which is none of safetensors.
        map_location: As in ``torch.load``.
        options: Further arguments of ``torch.load``.

    Returns:
        What the file holds; of a safetensors file ``state_dict``, and ``meta`` with the note of this package.

    Raises:
        ValueError: If the file is unreadable, was changed after it was written, or holds other objects.
    """
    is_path = isinstance(file, str | os.PathLike)
    name = f'checkpoint {str(file)!r}' if is_path else 'checkpoint'
    if is_path and Path(file).suffix == '.safetensors':
        return _load_safetensors(Path(file))
    if is_path and (part := _changed_part(Path(file))):
        raise ValueError(f'{name}: expected the file as it was written, got other content in its part {part!r}')
    admitted = torch.serialization.get_safe_globals()
    # Cleared, because mmengine admits a plain getattr, by which a file could reach any attribute of what is admitted.
    torch.serialization.clear_safe_globals()
    try:
        torch.serialization.add_safe_globals([*_admitted_globals(), *(one for one in admitted if one is not getattr)])
        return _torch_load(file, map_location=map_location, weights_only=True, **options)
    except Exception as error:  # bytes that are no pickle raise whatever they happen to mean
        # torch's own text advises to load it unsafely; of it only the name of the offending object is of use.
        offending = re.search(r'GLOBAL (\S+)', str(error))
        got = f'the object {offending[1]}' if offending else 'something else, or a truncated file'
        raise ValueError(f'{name}: expected tensors and plain values only, got {got}') from None
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(admitted)


def guard_host() -> None:
    """Make every reading by a module of the host safe, for the whole process. A second call changes nothing.

    Safe forms refuse what is not admitted with a ``ValueError``: ``torch.load`` becomes :func:`load_weights`,
    ``pickle.load`` and ``loads`` read arrays and plain values, ``numpy.load`` reads no objects, ``yaml.load`` no tags
    of Python.
    """
    if hasattr(torch.load, '__wrapped__'):
        return
    import yaml

    _guard(torch, 'load', _safe_torch_load)
    _guard(pickle, 'load', _safe_pickle_load)
    _guard(pickle, 'loads', lambda data, **options: _safe_pickle_load(io.BytesIO(data), **options))
    _guard(np, 'load', _safe_numpy_load)
    _guard(yaml, 'load', _safe_yaml_load)


def _guard(module: Any, name: str, safe: Callable[..., Any]) -> None:
    original = getattr(module, name)

    @functools.wraps(original)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        caller = sys._getframe(1).f_globals.get('__name__', '')
        within_host = caller not in OWN_DATA and f'{caller}.'.startswith(tuple(f'{name}.' for name in GUARDED))
        return (safe if within_host else original)(*args, **kwargs)

    setattr(module, name, guarded)


def _safe_torch_load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: Any = None, **options: Any
) -> Any:
    return load_weights(f, map_location, **options)


def _safe_pickle_load(file: Any, **options: Any) -> Any:
    try:
        return ArrayUnpickler(file, **options).load()
    except pickle.UnpicklingError as error:
        name = getattr(file, 'name', None)
        raise ValueError(f'pickled file{f" {str(name)!r}" if name else ""}: {error}') from None


def _safe_numpy_load(file: Any, mmap_mode: Any = None, allow_pickle: bool = False, **options: Any) -> Any:
    return _numpy_load(file, mmap_mode, allow_pickle=False, **options)


def _safe_yaml_load(stream: Any, Loader: Any = None) -> Any:
    import yaml

    try:
        # libyaml's, which needs a tenth of the time, where PyYAML was built with it.
        return yaml.load(stream, getattr(yaml, 'CSafeLoader', yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ValueError(f'YAML file: expected plain values only, got {" ".join(str(error).split())}') from None


def is_whole(path: Path) -> bool:
    """Return whether a file of weights is readable and unchanged."""
    try:
        load_weights(path)
    except ValueError:
        return False
    return True


def tensors_checksum(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, types, shapes and values of tensors, in the order of their names; hexadecimal digits."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)};'.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _changed_part(path: Path) -> str | None:
    """Name of the part whose content is not that of its checksum, which torch writes beside each."""
    try:
        with zipfile.ZipFile(path) as archive:
            # 0 stands where the writer turned checksums off.
            for part in (part for part in archive.infolist() if part.CRC):
                try:
                    archive.read(part)
                except zipfile.BadZipFile:
                    return part.filename
    except (zipfile.BadZipFile, OSError, EOFError):  # another form, or one that torch names the fault of
        pass
    return None


def _load_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework='pt') as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
            note = json.loads((file.metadata() or {}).get(NOTE, '{}'))
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f'checkpoint {str(path)!r}: expected a safetensors file, got {error}') from None
    if note.pop(CHECKSUM, None) not in (None, tensors_checksum(state)):
        raise ValueError(f'checkpoint {str(path)!r}: expected the tensors as they were written, got changed ones')
    return {'state_dict': state, 'meta': {NOTE: note}}


class _OneCycle:
    """Stands for the host's and torch's one-cycle schedules, of which a checkpoint names a function."""


def _host_method(owner: Any, name: str) -> Any:
    """Stand in for ``getattr`` while unpickling: mmengine pickles references to methods of two of its classes."""
    from mmengine.logging import HistoryBuffer
    from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

    if owner is HistoryBuffer and not name.startswith('_'):
        return getattr(owner, name)
    if owner is _OneCycle and name in ('_annealing_cos', '_annealing_linear'):
        return getattr(OneCycleParamScheduler, name)
    raise pickle.UnpicklingError(f'attribute {name!r} of {owner!r} is not admitted')


def _admitted_globals() -> list[Any]:
    from mmengine.runner.checkpoint import get_torch_safe_globals

    # mmengine admits the plain getattr. With it, a file could reach any attribute of the admitted classes.
    admitted = [entry for entry in get_torch_safe_globals() if entry is not getattr]
    one_cycle = [(_OneCycle, name) for name in _ONE_CYCLE]
    return [*admitted, (_host_method, 'builtins.getattr'), *one_cycle, argparse.Namespace]
