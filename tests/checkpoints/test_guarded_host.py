"""Every way by which the host can read a file runs nothing that the file holds.

Each way is walked twice: as it is, and once with the functions as they were, where the file must run. So a way that the
host no longer has fails here, and a new one fails in the walk through the host's source.
"""

from __future__ import annotations

import ast
import importlib.util
import pickle
from pathlib import Path
from types import SimpleNamespace

import mmengine
import numpy as np
import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint
from mmpretrain.registry import DATASETS, HOOKS, MODELS
from torch import nn

import agmax_mm.registry  # noqa: F401 (sets the guard)
from agmax_mm.safe_reading import GUARDED, OWN_DATA

NAMES = ((torch, 'load'), (pickle, 'load'), (pickle, 'loads'), (np, 'load'), (yaml, 'load'))


class Payload:
    """Unpickling it creates a file, if code is run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def evil(tmp_path):
    """The same payload as a checkpoint, a pickle, an array and a YAML file."""
    payload = Payload(tmp_path / 'ran')
    state = {'backbone.conv1.weight': torch.zeros(2)}
    for name in ('evil.pth', 'queue.pth'):
        torch.save({'state_dict': state, 'meta': {}, 'queue': payload}, tmp_path / name)
    (tmp_path / 'evil.pkl').write_bytes(pickle.dumps(payload))
    np.save(tmp_path / 'evil.npy', np.array([payload], dtype=object), allow_pickle=True)
    call = f'!!python/object/apply:os.mkdir ["{tmp_path / "ran"}"]'
    (tmp_path / 'evil.yaml').write_text(f'metainfo: {call}\ndata_list: []\n')
    return tmp_path


def classifier(**changes):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        backbone = dict(type='ResNet', depth=18, base_channels=4, stem_channels=4) | changes.pop('backbone', {})
        head = dict(type='LinearClsHead', num_classes=2, in_channels=32) | changes.pop('head', {})
        neck = dict(type='GlobalAveragePooling')
        kind = changes.pop('type', 'agmax_mm.AgMaxClassifier')
        model = MODELS.build(dict(type=kind, backbone=backbone, neck=neck, head=head, **changes))
    model.init_weights()


def pretrained(folder, **more):
    return dict(type='Pretrained', checkpoint=str(folder / 'evil.pth'), **more)


def runner_of_the_host(folder):
    """``load_from`` in the host's own runner."""
    with DefaultScope.overwrite_default_scope('mmengine'):
        runner = SimpleNamespace(call_hook=lambda *_, **__: None, model=nn.Linear(1, 1), logger=SimpleNamespace())
        Runner.load_checkpoint(runner, str(folder / 'evil.pth'))


def annotations(name):
    def read(folder):
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            DATASETS.build(dict(type='BaseDataset', ann_file=str(folder / name), pipeline=[]))

    return read


def cifar(folder):
    from mmpretrain.datasets import CIFAR10

    data = SimpleNamespace(data_prefix={'root': str(folder)}, base_folder='', meta={'filename': 'evil.pkl', 'key': ''})
    CIFAR10._load_meta(data)


def swav(folder):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        hook = HOOKS.build(
            dict(type='SwAVHook', batch_size=1, epoch_queue_starts=1, crops_for_assign=[0], feat_dim=1, queue_length=1)
        )
    loss = SimpleNamespace(queue=None)
    model = nn.Module()
    model.head = SimpleNamespace(loss_module=loss)
    hook.before_run(SimpleNamespace(work_dir=str(folder), model=model))


def prototypes(folder):
    from mmpretrain.models import ImageToImageRetriever

    ImageToImageRetriever._get_prototype_vecs_from_path(None, str(folder / 'evil.pth'))


def teacher(folder):
    from mmdet.models.detectors import KnowledgeDistillationSingleStageDetector as Detector

    part = MODELS.build(dict(type='mmpretrain.ResNet', depth=18))
    original = Detector.__mro__[1].__init__
    Detector.__mro__[1].__init__ = lambda self, **_: nn.Module.__init__(self)
    try:
        detector = Config(dict(type='mmpretrain.ResNet', depth=18))
        with DefaultScope.overwrite_default_scope('mmdet'):
            Detector(None, part, None, teacher_config=dict(model=detector), teacher_ckpt=str(folder / 'evil.pth'))
    finally:
        Detector.__mro__[1].__init__ = original


def hierarchy(folder):
    from mmdet.datasets import OpenImagesChallengeDataset

    OpenImagesChallengeDataset._get_relation_matrix(SimpleNamespace(backend_args=None), str(folder / 'evil.npy'))


WAYS = {
    'init_cfg of a backbone': lambda folder: classifier(backbone=dict(init_cfg=pretrained(folder))),
    'its part of a file': lambda folder: classifier(backbone=dict(init_cfg=pretrained(folder, prefix='backbone'))),
    'init_cfg of a head': lambda folder: classifier(head=dict(init_cfg=pretrained(folder))),
    'init_cfg of a model': lambda folder: classifier(init_cfg=pretrained(folder)),
    'pretrained of a model': lambda folder: classifier(pretrained=str(folder / 'evil.pth')),
    "pretrained of the host's model": lambda folder: classifier(
        type='ImageClassifier', pretrained=str(folder / 'evil.pth')
    ),
    'load_checkpoint': lambda folder: load_checkpoint(nn.Linear(1, 1), str(folder / 'evil.pth')),
    'CheckpointLoader': lambda folder: CheckpointLoader.load_checkpoint(str(folder / 'evil.pth')),
    "the host's runner": runner_of_the_host,
    'torch.hub': lambda folder: torch.hub.load_state_dict_from_url(
        (folder / 'evil.pth').as_uri(), model_dir=str(folder / 'hub'), progress=False
    ),
    'pickled annotations': annotations('evil.pkl'),
    'annotations in YAML': annotations('evil.yaml'),
    'CIFAR': cifar,
    'queue of SwAV': swav,
    'prototypes': prototypes,
    'teacher': teacher,
    'hierarchy of OpenImages': hierarchy,
}


@pytest.mark.parametrize('way', WAYS)
def test_nothing_runs(way, evil):
    if way in ('teacher', 'hierarchy of OpenImages'):
        pytest.importorskip('mmcv.ops', exc_type=ImportError)
    with pytest.raises(ValueError, match=r'expected (tensors|arrays|plain)|allow_pickle=False'):
        WAYS[way](evil)
    assert not (evil / 'ran').exists()


@pytest.mark.parametrize('way', WAYS)
def test_without_the_guard_the_file_runs(way, evil, monkeypatch):
    if way in ('teacher', 'hierarchy of OpenImages'):
        pytest.importorskip('mmcv.ops', exc_type=ImportError)
    for module, name in NAMES:
        monkeypatch.setattr(module, name, getattr(module, name).__wrapped__)
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    try:  # noqa: SIM105 (what happens after the reading is of no interest)
        WAYS[way](evil)
    except Exception:
        pass
    assert (evil / 'ran').exists()


def readings(package):
    """Calls in a package's source that may run what a file holds, and names that escape the guard."""
    root = Path(importlib.util.find_spec(package).submodule_search_locations[0])
    names = {(module.__name__, name) for module, name in NAMES} | {('np', 'load')}
    for path in root.rglob('*.py'):
        if '.mim' in path.parts:
            continue
        module = '.'.join((package, *path.relative_to(root).with_suffix('').parts))
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value)
                if (owner, node.func.attr) in names:
                    yield module, 'guarded'
                elif node.func.attr == 'Unpickler' or (
                    owner in ('dill', 'joblib', 'cPickle') and 'load' in node.func.attr
                ):
                    yield module, f'{owner}.{node.func.attr}'
            elif isinstance(node, ast.ImportFrom) and node.module in {name for name, _ in names}:
                yield from (
                    (module, alias.name) for alias in node.names if alias.name in ('load', 'loads', 'Unpickler')
                )


def test_the_hosts_source_has_no_other_way():
    found = [entry for package in ('mmengine', 'mmpretrain', 'mmdet') for entry in readings(package)]
    assert [entry for entry in found if entry[1] != 'guarded'] == []
    modules = {module for module, _ in found}
    assert {'mmengine.runner.checkpoint', 'mmpretrain.datasets.cifar', 'mmdet.datasets.openimages'} <= modules
    assert set(OWN_DATA) <= modules
    assert all(module.startswith(GUARDED) for module in modules)


def test_others_read_as_before(evil):
    (evil / 'array.pkl').write_bytes(pickle.dumps({'data': np.arange(3), 'labels': [1, 2]}))
    assert mmengine.load(evil / 'array.pkl')['data'].tolist() == [0, 1, 2]
    before = torch.serialization.get_safe_globals()
    with pytest.raises(ValueError, match='expected tensors'):
        CheckpointLoader.load_checkpoint(str(evil / 'evil.pth'))
    assert set(torch.serialization.get_safe_globals()) == set(before)
    # This test is no module of the host's.
    pickle.loads((evil / 'evil.pkl').read_bytes())
    assert (evil / 'ran').exists()
