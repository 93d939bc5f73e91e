"""A loss that is not a number stops the run with the images' names, and nothing good is overwritten."""

from __future__ import annotations

import pytest
import torch
from mmengine.model import BaseDataPreprocessor, BaseModel
from mmpretrain.structures import DataSample
from torch import nn
from torch.utils.data import DataLoader, Dataset

from agmax_mm.engine.hooks import FiniteLossHook, finite_loss
from agmax_mm.engine.hooks.finite_loss import _names
from agmax_mm.engine.runner import Runner


class Images(Dataset):
    metainfo: dict = {}

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {'inputs': torch.tensor([float(index)]), 'data_samples': DataSample(img_path=f'dir/{index}.jpg')}


class Model(BaseModel):
    """Two loss terms, one of which goes wrong on one image, in the way ``bad`` names."""

    def __init__(self, bad, bad_image=5):
        super().__init__(BaseDataPreprocessor())
        self.bad = bad
        self.bad_image = bad_image
        self.layer = nn.Linear(1, 1)
        self.norm = nn.BatchNorm1d(1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        assert mode == 'loss'
        score = self.layer(inputs).mean()
        bad = bool((inputs == self.bad_image).any())
        terms = {'loss_cls': score**2, 'loss_box': [score**2 + 1, score**2], 'acc': torch.tensor(float('nan'))}
        if bad and self.bad == 'loss':
            terms['loss_box'][1] = score / 0
            self.norm(inputs * torch.nan)
        elif bad and self.bad == 'gradient':
            terms['loss_cls'] = (score * 0).sqrt()
        return terms


def collate(items):
    return {
        'inputs': torch.stack([item['inputs'] for item in items]),
        'data_samples': [item['data_samples'] for item in items],
    }


def runner(work_dir, bad, *, by_epoch=True, bad_image=5):
    made = Runner(
        Model(bad, bad_image),
        str(work_dir),
        # In order: image 5 is in the third batch of four.
        train_dataloader=DataLoader(Images(), 2, collate_fn=collate),
        train_cfg=dict(by_epoch=True, max_epochs=2) if by_epoch else dict(by_epoch=False, max_iters=4),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', by_epoch=by_epoch, interval=1, max_keep_ckpts=1), logger=None
        ),
        custom_hooks=[FiniteLossHook()],
        default_scope='mmpretrain',
        experiment_name=f'{work_dir.name}_{bad}_{by_epoch}_{bad_image}',
    )
    # Goes wrong in the second epoch, when there is a checkpoint to lose.
    if by_epoch:
        model = made.model
        model.bad = None
        made.register_hook(_Spoil(bad))
    return made


class _Spoil(FiniteLossHook):
    """Spoils the model in the second epoch; no check of its own."""

    def __init__(self, bad):
        super().__init__()
        self.bad = bad

    def before_train(self, runner):
        pass

    def before_train_epoch(self, runner):
        runner.model.bad = self.bad if runner.epoch == 1 else None

    def after_train_iter(self, *args, **kwargs):
        pass

    after_train_epoch = after_train = after_train_iter


def saved(work_dir):
    return {path.name: torch.load(path, weights_only=False)['state_dict'] for path in work_dir.glob('*.pth')}


def test_a_bad_loss_names_step_epoch_term_and_images(tmp_path):
    made = runner(tmp_path, 'loss')
    with pytest.raises(ValueError, match='expected finite losses') as caught:
        made.train()
    message = str(caught.value)
    assert message.startswith('step 7 (epoch 2): ')
    assert 'loss_box = inf' in message or 'loss_box = -inf' in message
    assert 'loss_cls' not in message
    assert 'acc' not in message
    assert message.endswith('dir/4.jpg, dir/5.jpg')
    assert '6.jpg' not in message
    assert 'the weights are finite' in message
    assert '\n' not in message
    # The optimiser has not moved: seven steps would have been the seventh.
    assert made.optim_wrapper._inner_count == 6
    assert all(value.isfinite().all() for value in made.model.parameters())
    assert list(saved(tmp_path)) == ['epoch_1.pth']


@pytest.mark.parametrize(
    ('by_epoch', 'bad_image', 'message'),
    [
        # The next batch comes first ...
        (
            True,
            5,
            'step 8 (epoch 2): expected finite losses, got loss_cls = nan, loss_box = nan, loss_box = nan; layer.',
        ),
        # ... or the end of the epoch, or the next checkpoint.
        (True, 7, 'step 8 (epoch 2): expected finite weights, got infinite or NaN values in layer.'),
        (False, 5, 'step 3: expected finite weights, got infinite or NaN values in layer.'),
    ],
)
def test_a_bad_gradient_is_not_saved(tmp_path, by_epoch, bad_image, message):
    """The loss of that step is finite: only the weights tell, before the host deletes the checkpoint before."""
    made = runner(tmp_path, 'gradient', by_epoch=by_epoch, bad_image=bad_image)
    with pytest.raises(ValueError, match='expected finite') as caught:
        made.train()
    assert str(caught.value).startswith(message)
    kept = saved(tmp_path)
    assert list(kept) == ['epoch_1.pth' if by_epoch else 'iter_2.pth']
    assert all(value.isfinite().all() for weights in kept.values() for value in weights.values())


def test_a_good_run_is_left_alone(tmp_path):
    made = runner(tmp_path, None)
    made.train()
    assert list(saved(tmp_path)) == ['epoch_2.pth']
    assert not made.model._forward_hooks


def test_views_of_an_image_are_named_once():
    samples = [DataSample(metainfo={'img_path': f'{index}.jpg'}) for index in (0, 1)] * 2
    assert _names(samples) == '0.jpg, 1.jpg'


def test_on_a_gpu_the_loss_is_looked_at_before_the_optimiser_steps(tmp_path, monkeypatch):
    """There the backward pass is under way by then; weights, message and checkpoints are the same."""
    looks = []
    monkeypatch.setattr(finite_loss, 'is_at_hand', lambda value: False)
    monkeypatch.setattr(finite_loss, '_fetch', lambda flag: lambda: looks.append(flag) or bool(flag))
    made = runner(tmp_path, 'loss')
    with pytest.raises(ValueError, match='step 7 .*expected finite losses') as caught:
        made.train()
    assert str(caught.value).endswith('dir/4.jpg, dir/5.jpg')
    assert 'the weights are finite' in str(caught.value)
    assert len(looks) == made.optim_wrapper._inner_count == 7
    assert all(value.isfinite().all() for value in made.model.parameters())
    assert list(saved(tmp_path)) == ['epoch_1.pth']


def test_steps_that_the_optimiser_sits_out_are_looked_at_too(tmp_path, monkeypatch):
    monkeypatch.setattr(finite_loss, 'is_at_hand', lambda value: False)
    monkeypatch.setattr(finite_loss, '_fetch', lambda flag: lambda: bool(flag))
    made = runner(tmp_path, 'loss')
    made.optim_wrapper['accumulative_counts'] = 100
    with pytest.raises(ValueError, match='step 7 .*expected finite losses'):
        made.train()
