"""The progress hook on real runs of the host's runner."""

import json

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader


class _Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, inputs, mode='tensor'):
        return {'loss': ((self.weight - inputs) ** 2).mean()}


@pytest.mark.parametrize(
    ('train_cfg', 'words'),
    [(dict(by_epoch=True, max_epochs=5), 'epoch 5/5, loss '), (dict(by_epoch=False, max_iters=20), 'loss ')],
)
def test_lines_and_file_of_a_run(tmp_path, capsys, train_cfg, words):
    loader = DataLoader([{'inputs': torch.ones(1)} for _ in range(4)], batch_size=1)
    runner = Runner(
        _Line(),
        work_dir=str(tmp_path),
        train_dataloader=loader,
        train_cfg=train_cfg,
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(progress=dict(type='agmax_mm.ProgressBarHook')),
        experiment_name=f'{tmp_path.name}_{len(words)}',
        log_level='ERROR',
    )
    runner.train()
    last = [line for line in capsys.readouterr().err.splitlines() if line.startswith('train: ')][-1]
    assert last.startswith(f'train: 20/20 (100 %), {words}')
    assert last.endswith('0 s left')
    note = json.loads((tmp_path / 'progress.json').read_text())
    assert (note['done'], note['total']) == (20, 20)
    # 19 steps of w += 0.2 (1 - w) before the loss of the 20th: (0.8 ** 19) ** 2
    assert note['message'].endswith(f'loss {0.8**38:.3f}')
