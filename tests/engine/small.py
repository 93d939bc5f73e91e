"""A classifier small enough to be trained in tests, on images of noise with two views each."""

from __future__ import annotations

import torch
from mmpretrain.structures import DataSample
from torch.utils.data import DataLoader, Dataset

from agmax_mm.engine.runner import Runner

CLASSES, SIDE, IMAGES, BATCH = 5, 16, 8, 4


class NoiseViews(Dataset):
    """Two uint8 views and a label per image."""

    metainfo: dict = {}

    def __len__(self):
        return IMAGES

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        views = [torch.randint(256, (3, SIDE, SIDE), generator=generator, dtype=torch.uint8) for _ in range(2)]
        sample = DataSample(img_path=f'{index}.jpg').set_gt_label(index % CLASSES)
        return {'inputs': views, 'data_samples': sample}


def collate(items):
    return {
        'inputs': [list(view) for view in zip(*(item['inputs'] for item in items), strict=True)],
        'data_samples': [item['data_samples'] for item in items],
    }


def model_config(**changes):
    return {
        'type': 'agmax_mm.AgMaxClassifier',
        'backbone': {'type': 'agmax_mm.WideResNet', 'depth': 10, 'widen_factor': 1},
        'neck': {'type': 'GlobalAveragePooling'},
        'head': {'type': 'LinearClsHead', 'num_classes': CLASSES, 'in_channels': 64},
        'agreement': 'mi',
        'data_preprocessor': {
            'type': 'agmax_mm.TwoViewDataPreprocessor',
            'mean': [127.0] * 3,
            'std': [64.0] * 3,
            'num_classes': CLASSES,
        },
        **changes,
    }


def make_runner(
    work_dir,
    *,
    model=None,
    epochs=1,
    resume=False,
    hooks=(),
    default_hooks=None,
    launcher='none',
    train_cfg=None,
    param_scheduler=None,
    visualizer=None,
    **config,
):
    """A runner of this package; ``config`` holds top-level keys that it reads itself, such as ``amp``."""
    torch.manual_seed(0)
    optim_wrapper = {'optimizer': {'type': 'SGD', 'lr': 0.05, 'momentum': 0.9}}
    return Runner(
        model or model_config(),
        str(work_dir),
        train_dataloader=DataLoader(NoiseViews(), BATCH, collate_fn=collate),
        train_cfg=train_cfg or {'by_epoch': True, 'max_epochs': epochs},
        optim_wrapper=optim_wrapper,
        param_scheduler=param_scheduler,
        default_hooks={
            'logger': {'type': 'LoggerHook', 'interval': 2},
            'run_record': {'type': 'agmax_mm.RunRecordHook', 'interval': 1},
            'finite_loss': {'type': 'agmax_mm.FiniteLossHook'},
            **(default_hooks or {}),
        },
        custom_hooks=list(hooks),
        default_scope='mmpretrain',
        randomness={'seed': 0},
        resume=resume,
        launcher=launcher,
        visualizer=visualizer,
        experiment_name='small',
        cfg={'optim_wrapper': optim_wrapper, 'train_cfg': {'max_epochs': epochs}, **config},
    )
