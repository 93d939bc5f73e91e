import cv2
import numpy as np
import pytest

from agmax_mm.engine.config import load_config
from agmax_mm.engine.views import training_views


def test_pictures_are_the_images_again(tmp_path):
    """Normalisation undone, channels in order: constant images come back as they were, in RGB."""
    colours = [(10 * label, 200 - 10 * label, 90) for label in range(10)]
    for label, rgb in enumerate(colours):
        folder = tmp_path / 'train' / str(label)
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / 'a.png'), np.full((32, 32, 3), rgb[::-1], np.uint8))
    config = load_config(
        'configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py',
        {
            'train_dataloader.dataset.data_root': str(tmp_path),
            'train_dataloader.num_workers': 0,
            'train_dataloader.batch_size': 10,
            'train_dataloader.dataset.pipeline.0.transforms': [],
            # Mixes never, in the end; whoever is not told how far training is refuses.
            'data_preprocessor.batch_augments': dict(
                augments=[dict(type='agmax_mm.ScheduledCutMix', prob=0.0)], probs=[1.0]
            ),
        },
    )
    (views,) = training_views(config, 1, seed=0)
    assert len(views) == 2
    names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
    for view in views:
        assert sorted(label for _, label in view) == names
        for picture, label in view:
            assert np.array_equal(picture, np.full((32, 32, 3), colours[names.index(label)], np.uint8))


def test_fewer_images_than_a_batch_are_told(tmp_path):
    """Where the last batch is left out, an epoch would have none, and the next one neither."""
    for label in range(10):
        folder = tmp_path / 'train' / str(label)
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / 'a.png'), np.zeros((32, 32, 3), np.uint8))
    options = {'data_root': str(tmp_path), 'train_dataloader.num_workers': 0, 'train_dataloader.drop_last': True}
    config = load_config('configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py', options)
    with pytest.raises(
        ValueError, match='expected at least 128 images, a batch, got 10; set a smaller total_batch_size'
    ):
        next(training_views(config, 1, seed=0))
