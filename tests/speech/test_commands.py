"""Speech from data to predictions: training, evaluation, views and predictions by the commands."""

import json
import shutil

import numpy as np
import pytest
import torch

from agmax_mm import Predictor
from agmax_mm.commands.console import main as console
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.engine.launch import evaluate, train
from agmax_mm.engine.views import training_views
from agmax_mm.fileio import RESULT_FILE
from agmax_mm.recipe_files import config_path
from agmax_mm.registry import MODELS
from tests.speech.sets import archive, split_folders, tone, write

RECIPE = config_path('speech/lenet5_cutmix_30e_agmax')
SMALL = {
    'total_batch_size': 8,
    'train_dataloader.num_workers': 0,
    'val_dataloader.num_workers': 0,
    'train_cfg.max_epochs': 1,
    'model.head.num_classes': 3,
}


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp('speech')
    split_folders(root / 'data')
    options = {**SMALL, 'train_dataloader.dataset.data_root': str(root / 'data'), 'train_cfg.max_epochs': 2}
    train(RECIPE, work_dir=str(root / 'run'), seed=0, options=options)
    return root


def test_a_run_records_both_splits_apart(trained):
    record = json.loads((trained / 'run' / RESULT_FILE).read_text())
    assert record['status'] == 'completed'
    assert {'accuracy/test', 'accuracy/valid'} <= record['scores']['last'].keys()
    assert record['metrics']['accuracy/test']['title'] == 'test top-1'
    losses = record['history']['train'][-1]
    assert {'loss_cls', 'loss_agreement', 'mutual_info'} <= losses.keys()
    # Chosen by the validation.
    assert list((trained / 'run').glob('best_accuracy_valid_*.pth'))


def test_silence_is_tested_apart_when_it_is_asked_for(trained):
    options = {
        **SMALL,
        'train_dataloader.dataset.data_root': str(trained / 'data'),
        'test_dataloader.dataset.data_root': str(trained / 'data'),
        'test_dataloader.dataset.silence': 0.5,
    }
    scores = evaluate(RECIPE, str(trained / 'run' / 'epoch_2.pth'), work_dir=str(trained / 'test'), options=options)
    assert set(scores) == {
        f'accuracy/{split}{part}' for split in ('test', 'valid') for part in ('', '_silence', '_all')
    }
    assert scores['accuracy/test_all'] == pytest.approx(
        (12 * scores['accuracy/test'] + 6 * scores['accuracy/test_silence']) / 18
    )


def test_a_checkpoint_tells_words_in_files_of_any_rate(trained, tmp_path, capsys):
    recording = write(tmp_path / 'in' / 'a.wav', tone(300, rate=44100, seconds=1.5), 44100)
    write(tmp_path / 'in' / 'b.WAV', tone(2000), format='WAV')
    checkpoint = trained / 'run' / 'epoch_2.pth'
    predictor = Predictor(checkpoint, top=2)
    found = predictor([recording, tmp_path / 'in'])
    assert [prediction['input'].rpartition('/')[2] for prediction in found] == ['a.wav', 'a.wav', 'b.WAV']
    assert found[0]['classes'] == found[1]['classes']
    assert {row['name'] for prediction in found for row in prediction['classes']} <= {'silence', 'high', 'low'}
    with pytest.raises(ValueError, match='expected paths of recordings, got an array'):
        predictor([np.zeros((4, 4, 3), np.uint8)])
    (tmp_path / 'in' / 'text.wav').write_text('text')
    with pytest.raises(ValueError, match=r"recording '.*text\.wav': expected audio"):
        predictor([tmp_path / 'in'])
    with pytest.raises(ValueError, match=r'expected recordings \(\.flac, \.ogg, \.wav\) in .*, got none'):
        predictor([trained / 'run'])
    with pytest.raises(SystemExit, match='^0$'):
        console(['predict', str(checkpoint), str(recording), '--show', str(tmp_path / 'shown')])
    assert 'wrote 1 pictures' in capsys.readouterr().err
    assert len(list((tmp_path / 'shown').glob('*.png'))) == 1


def test_views_are_two_spectrograms_of_each_recording(trained):
    config = load_config(RECIPE, {**SMALL, 'train_dataloader.dataset.data_root': str(trained / 'data')})
    views = next(training_views(config, 1, seed=0))
    assert [len(view) for view in views] == [8, 8]
    shown = {line.partition(' (')[0] for view in views for _, label in view for line in label.splitlines()}
    assert shown <= {'silence', 'high', 'low'}
    assert len(shown) > 1
    pictures = [np.stack([picture for picture, _ in view]) for view in views]
    assert pictures[0].shape == (8, 32, 32, 3)
    assert not np.array_equal(*pictures)


def test_noise_comes_from_the_folder_of_the_data_and_workers_change_nothing(trained, tmp_path):
    config = load_config(RECIPE, {'train_dataloader.dataset.data_root': str(trained / 'data')})
    prepare_config(config, world_size=1)
    noise = [step for step in config.data_preprocessor.train_steps if step['type'].endswith('BackgroundNoise')]
    assert noise[0]['data_root'] == str(trained / 'data')
    assert config.train_dataloader.dataset.pipeline[1].num_views == 2


def test_the_archive_trains_as_the_recipe_has_it(tmp_path):
    """31 classes, lists, noise; at 8 kHz, which are resampled."""
    archive(tmp_path / 'data')
    options = {**SMALL, 'train_dataloader.dataset.data_root': str(tmp_path / 'data'), 'model.head.num_classes': 31}
    runner = train(
        config_path('speech/vgg11_standard_30e'),
        work_dir=str(tmp_path / 'run'),
        seed=0,
        options={**options, 'model.backbone.width': 0.125, 'model.head.in_channels': 64},
    )
    assert len(runner.train_dataloader.dataset) == 31
    assert runner.iter == 4
    assert {'accuracy/test', 'accuracy/valid'} <= json.loads((tmp_path / 'run' / RESULT_FILE).read_text())['scores'][
        'last'
    ].keys()


def test_an_archive_of_more_words_than_outputs_is_refused(tmp_path):
    archive(tmp_path / 'data', ('no', 'up', 'yes'))
    options = {**SMALL, 'train_dataloader.dataset.data_root': str(tmp_path / 'data')}
    with pytest.raises(ValueError, match=r'expected at least the 4 classes of the training set, got 3'):
        train(RECIPE, work_dir=str(tmp_path / 'run'), options=options)


def test_noise_that_is_missing_is_told_before_the_first_step(tmp_path):
    """Few clips get noise, so that a step may do without: the run is refused whatever the draws."""
    split_folders(tmp_path / 'data')
    shutil.rmtree(tmp_path / 'data' / 'train' / '_background_noise_')
    options = {**SMALL, 'train_dataloader.dataset.data_root': str(tmp_path / 'data')}
    options['data_preprocessor.train_steps.BackgroundNoise.prob'] = 0.0
    with pytest.raises(ValueError, match=r'expected recordings in .*, got none; --cfg-options .*=None trains without'):
        train(RECIPE, work_dir=str(tmp_path / 'run'), options=options)
    # A test needs none.
    options.pop('data_preprocessor.train_steps.BackgroundNoise.prob')
    without = {**options, 'data_preprocessor.train_steps.BackgroundNoise': None}
    train(RECIPE, work_dir=str(tmp_path / 'run'), options=without, force=True)
    evaluate(RECIPE, str(tmp_path / 'run' / 'epoch_1.pth'), work_dir=str(tmp_path / 'test'), options=options)


def test_words_of_the_authors_files_are_those_of_the_data_set(tmp_path):
    """Their checkpoints name no classes; 31 outputs are silence and the 30 words of version 0.01 by the alphabet."""
    model = MODELS.build(load_config(RECIPE).model)
    torch.nn.init.zeros_(model.head.fc.weight)
    with torch.no_grad():
        model.head.fc.bias.copy_(torch.arange(31.0))
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'model.pth')
    recording = write(tmp_path / 'a.wav', tone(300))
    (prediction,) = Predictor(tmp_path / 'model.pth', config=RECIPE, top=31)([recording])
    names = [row['name'] for row in prediction['classes']]
    assert names[::-1] == ['silence', *sorted(names[:-1])]
    assert names[0] == 'zero'
