"""Both hooks in real runs of the host's runner, on two tensors of data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.runner import Runner
from torch.utils.data import Dataset

from agmax_mm.engine.runner import Runner as OwnRunner
from agmax_mm.registry import DATASETS
from agmax_mm.transfer.backbone import read_backbone, write_backbone

BACKBONE = dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8)


@DATASETS.register_module(name='TestTwoImages', force=True)
class TwoImages(Dataset):
    """Two images of constant colour, labels 0 and 1."""

    __test__ = False

    def __len__(self):
        return 2

    def __getitem__(self, index):
        from mmpretrain.structures import DataSample

        image = torch.full((3, 32, 32), 60 + 120 * index, dtype=torch.uint8)
        return {'inputs': image, 'data_samples': DataSample().set_gt_label(index)}


def config(work_dir, hook=None, epochs=1, **changes):
    loader = dict(
        batch_size=2, num_workers=0, dataset=dict(type='agmax_mm.TestTwoImages'), sampler=dict(type='DefaultSampler')
    )
    return ConfigDict(
        default_scope='mmpretrain',
        work_dir=str(work_dir),
        model=dict(
            type='ImageClassifier',
            data_preprocessor=dict(type='ClsDataPreprocessor', mean=[127.5] * 3, std=[64.0] * 3, to_rgb=True),
            backbone=BACKBONE,
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', in_channels=64, num_classes=2),
        ),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        val_cfg=dict(),
        val_evaluator=dict(type='Accuracy'),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, save_best='auto')),
        custom_hooks=[hook] if hook else [],
        log_level='WARNING',
        experiment_name=f'{work_dir.name}_{torch.randint(10**9, ()).item()}',
    ) | ConfigDict(changes)


def run(cfg, kind=Runner):
    runner = kind.from_cfg(cfg)
    runner.train()
    return runner


def weights(path):
    return read_backbone(path).tensors


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """The work directory of a pre-training that exports its backbones."""
    folder = tmp_path_factory.mktemp('pretraining')
    run(config(folder, dict(type='agmax_mm.BackboneExportHook'), epochs=2))
    return folder


def test_last_and_best_backbones_equal_their_checkpoints(exported):
    (best,) = exported.glob('best_accuracy_top1_epoch_*.pth')
    for name, checkpoint in (('last', exported / 'epoch_2.pth'), ('best', best)):
        found, expected = weights(exported / f'backbone_{name}.safetensors'), weights(checkpoint)
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_export_states_the_preprocessing(exported):
    contract = read_backbone(exported / 'backbone_last.safetensors').contract
    assert (contract['mean'], contract['std'], contract['channel_order']) == ([127.5] * 3, [64.0] * 3, 'rgb')


def test_averaged_weights_are_the_ones_exported(tmp_path):
    cfg = config(tmp_path, dict(type='agmax_mm.BackboneExportHook'))
    cfg.custom_hooks.append(dict(type='EMAHook', momentum=0.5))
    runner = run(cfg)
    averaged = next(hook for hook in runner.hooks if type(hook).__name__ == 'EMAHook').ema_model.module.backbone
    found = weights(tmp_path / 'backbone_last.safetensors')
    assert torch.equal(found['conv1.weight'], averaged.state_dict()['conv1.weight'])


def test_a_copied_run_goes_on_in_its_own_folder(exported, tmp_path):
    """The copy resumes its own checkpoint, and leaves the files of the place where it comes from alone."""
    shutil.copytree(exported, tmp_path / 'copy')
    before = {path.name: path.read_bytes() for path in exported.glob('*.pth')}
    cfg = config(tmp_path / 'copy', dict(type='agmax_mm.BackboneExportHook'), epochs=3, resume=True)
    resumed = run(cfg, OwnRunner)
    assert (resumed.iter, resumed.epoch) == (3, 3)
    noted = [path for name, path in resumed.message_hub.runtime_info.items() if name.startswith(('best_', 'last_ckpt'))]
    assert {str(Path(path).parent) for path in noted if isinstance(path, str)} == {str(tmp_path / 'copy')}
    assert {path.name: path.read_bytes() for path in exported.glob('*.pth')} == before
    assert len(list((tmp_path / 'copy').glob('best_*.pth'))) == 1
    found, expected = (weights(tmp_path / 'copy' / name) for name in ('backbone_last.safetensors', 'epoch_3.pth'))
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def loading(path, **options):
    return dict(type='agmax_mm.LoadBackboneHook', checkpoint=str(path), **options)


def frozen(cfg):
    """Learn nothing, so that what was loaded is what the run ends with."""
    cfg.optim_wrapper.optimizer.lr = 0.0
    return cfg


def test_loaded_before_the_first_step(exported, tmp_path):
    file = exported / 'backbone_last.safetensors'
    runner = run(frozen(config(tmp_path, loading(file))))
    found, expected = runner.model.backbone.state_dict(), weights(file)
    parameters = dict(runner.model.backbone.named_parameters())
    assert all(torch.equal(found[key], expected[key]) for key in parameters)


def test_resumed_run_keeps_its_own_weights(exported, tmp_path):
    file = exported / 'backbone_last.safetensors'
    random = run(frozen(config(tmp_path))).model.backbone.conv1.weight.clone()
    resumed = run(frozen(config(tmp_path, loading(file), epochs=2, resume=True)))
    assert resumed.iter == 2
    assert torch.equal(resumed.model.backbone.conv1.weight, random)
    assert not torch.equal(random, weights(file)['conv1.weight'])


def test_no_checkpoint_is_said_in_the_log(tmp_path):
    cfg = config(tmp_path, dict(type='agmax_mm.LoadBackboneHook'), log_level='INFO')
    run(cfg)
    (log,) = tmp_path.glob('*/*.log')
    assert 'no checkpoint given, training from scratch' in log.read_text()


def test_frozen_random_layers_are_warned_of(tmp_path):
    cfg = config(tmp_path, dict(type='agmax_mm.LoadBackboneHook'))
    cfg.model.backbone = dict(**BACKBONE, frozen_stages=1)
    run(cfg)
    (log,) = tmp_path.glob('*/*.log')
    assert 'frozen_stages=1 keeps random weights' in log.read_text()


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(backbone=dict(BACKBONE, depth=34)), 'a depth 18 file into a depth 34 backbone'),
        (
            dict(data_preprocessor=dict(type='ClsDataPreprocessor', mean=[0] * 3, std=[1] * 3)),
            'the model disagree: mean: ',
        ),
    ],
)
def test_unfit_backbone_stops_the_run(exported, tmp_path, changes, message):
    cfg = config(tmp_path, loading(exported / 'backbone_last.safetensors'))
    cfg.model.update(changes)
    with pytest.raises(ValueError, match=message):
        run(cfg)
    assert not list(tmp_path.glob('*.pth'))


def test_two_sources_of_weights_are_refused(exported, tmp_path):
    cfg = config(tmp_path, loading(exported / 'backbone_last.safetensors'), load_from=str(exported / 'epoch_1.pth'))
    with pytest.raises(ValueError, match='expected one source of initial weights, got two'):
        run(cfg)


def test_contract_required_or_not(exported, tmp_path):
    backbone = read_backbone(exported / 'backbone_last.safetensors')
    backbone.info['contract'] = None
    write_backbone(backbone, tmp_path / 'bare.pth')
    run(config(tmp_path / 'a', loading(tmp_path / 'bare.pth')))
    with pytest.raises(ValueError, match='does not say how its images were prepared'):
        run(config(tmp_path / 'b', loading(tmp_path / 'bare.pth', contract='require')))
    with pytest.raises(ValueError, match="expected contract in check, require, ignore, got 'maybe'"):
        run(config(tmp_path / 'c', loading(tmp_path / 'bare.pth', contract='maybe')))
