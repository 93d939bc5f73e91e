"""The recipes on a few pictures, from training to a caption for a new picture."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from agmax_mm import Predictor
from agmax_mm.captioning.vocabulary import build_vocabulary
from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.engine.launch import evaluate, train
from agmax_mm.engine.views import training_views
from agmax_mm.fileio import load_checkpoint_file
from agmax_mm.prediction.output import draw, one_line, write_predictions
from agmax_mm.prediction.stored_config import stored_config
from agmax_mm.results.captions import caption_sections
from agmax_mm.results.page import Table
from agmax_mm.results.runs import Run, load_run
from tests.captioning.sets import SENTENCES, karpathy, write_pictures, write_set
from tests.ranks import run_ranks

CONFIGS = Path(__file__).parents[2] / 'configs' / 'captioning'
SMALL = CONFIGS / 'nic_r50-cutmix_20e_flickr8k.py'
WHOLE = CONFIGS / 'nic_r50-cutmix_100e_coco.py'
OPTIONS = {
    'model.backbone': 'timm/test_resnet',
    'image_size': 32,
    'default_hooks.backbone.checkpoint': None,
    'train_dataloader.batch_size': 6,
    'val_evaluator.meteor': False,
    'test_evaluator.meteor': False,
}


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A finished run of a small recipe: its folder, its data, its options."""
    root = tmp_path_factory.mktemp('captions')
    data = root / 'flickr8k'
    write_pictures(data / 'Flicker8k_Dataset', 12)
    content = karpathy(12)
    content['images'][-1]['split'] = 'test'
    (data / 'dataset_flickr8k.json').write_text(json.dumps(content))
    options = {
        **OPTIONS,
        'data_root': str(data),
        'default_hooks.features.folder': str(root / 'features'),
        'val_evaluator.comparisons': 2,
        'epochs': 60,
        'train_cfg.val_interval': 30,
        'model.head.dropout': 0.0,
        'optim_wrapper.optimizer.lr': 0.01,
        'val_dataloader.dataset.splits': ['train'],
    }
    train(str(SMALL), work_dir=str(root / 'run'), seed=0, options=options)
    return root / 'run', data, options


def test_captions_of_ten_pictures_are_learnt_by_heart(run):
    folder, _, _ = run
    last = load_run(folder).record['scores']['last']
    assert last['caption/bleu4'] > 0.95
    assert last['caption/cider'] > 3
    record = json.loads((folder / 'captions.json').read_text())
    by_colour = {Path(picture['path']).stem.partition('_')[2]: picture for picture in record['pictures']}
    for colour, picture in by_colour.items():
        assert picture['references'] == SENTENCES[colour]
        assert colour in picture['caption'].split()
    others, one = record['comparisons']
    assert (others['draws'], one['draws']) == (2, 1)
    assert others['scores']['caption/cider'] < one['scores']['caption/cider'] < last['caption/cider']
    results = json.loads((folder / 'caption_results.json').read_text())
    assert [entry['image_id'] for entry in results] == list(range(10))
    assert set(results[0]) == {'image_id', 'caption'}


def test_features_are_computed_once(run):
    folder, data, options = run
    files = sorted((folder.parent / 'features').iterdir())
    # Those of training serve the validation, which here has the same pictures.
    assert len(files) == 1
    times = [file.stat().st_mtime_ns for file in files]
    scores = evaluate(str(SMALL), str(folder / 'epoch_60.pth'), work_dir=str(folder.parent / 'test'), options=options)
    assert scores['caption/bleu1'] >= 0
    assert [file.stat().st_mtime_ns for file in files] == times
    assert len(list((folder.parent / 'features').iterdir())) == 2, 'the picture of the test'
    # They are what the backbone makes of the pictures.
    model = Predictor(folder / 'epoch_60.pth')
    results = json.loads((folder / 'caption_results.json').read_text())
    pictures = [data / 'Flicker8k_Dataset' / image['filename'] for image in karpathy(12)['images'][:10]]
    assert [entry['caption'] for entry in model(pictures)] == [entry['caption'] for entry in results]


def _evaluated(rank, folder, checkpoint, options):
    os.chdir(folder)  # the host collects results in a folder of its own there
    options = {**options, 'default_hooks.features.folder': f'{folder}/features', 'test_dataloader.batch_size': 2}
    return evaluate(str(SMALL), checkpoint, work_dir=f'{folder}/test', options=options)


@pytest.mark.slow
def test_two_processes_score_as_one(run, tmp_path, monkeypatch):
    folder, _, options = run
    # 11 pictures: one process gets one of them a second time.
    options = {**options, 'test_dataloader.dataset.splits': ['train', 'val'], 'test_evaluator.comparisons': 1}
    places = tmp_path / 'one', tmp_path / 'two'
    for place in places:
        place.mkdir()
    monkeypatch.chdir(tmp_path)
    checkpoint = str(folder / 'epoch_60.pth')
    whole = _evaluated(0, str(places[0]), checkpoint, options)
    assert whole['caption/bleu4'] > 0.5
    for scores in run_ranks(_evaluated, 2, places[1], str(places[1]), checkpoint, options):
        assert scores == whole
    one, two = (json.loads((place / 'test' / 'caption_results.json').read_text()) for place in places)
    assert one == two
    assert len(one) == 11
    one, two = (json.loads((place / 'test' / 'captions.json').read_text()) for place in places)
    assert [picture['path'] for picture in one['pictures']] == [picture['path'] for picture in two['pictures']]
    assert one['comparisons'] == two['comparisons']
    # Each process looked at its share, and one wrote all.
    one, two = (load_checkpoint_file(next((place / 'features').iterdir())) for place in places)
    torch.testing.assert_close(one['state_dict'], two['state_dict'])


def test_a_checkpoint_is_enough_to_predict(run, tmp_path):
    folder, data, _ = run
    checkpoint = folder / 'epoch_60.pth'
    words = build_vocabulary({'file': str(folder / 'vocabulary.json')})
    config = stored_config(read_checkpoint(checkpoint).own())
    assert config.model.head.vocabulary.words == list(words.words[4:])
    picture = data / 'Flicker8k_Dataset' / '0_red.png'
    moved = tmp_path / 'moved.pth'
    moved.write_bytes(checkpoint.read_bytes())
    wide = Predictor(moved)
    narrow = Predictor(moved, beam=1)
    assert (wide.model.head.beam_width, narrow.model.head.beam_width) == (20, 1)
    (found,) = wide([picture])
    assert found['caption'] in {'a red square', 'the picture is red'}
    assert narrow([picture])[0]['log_probability'] <= found['log_probability'] + 1e-6
    assert one_line(found) == f'{picture}: {found["caption"]}'
    write_predictions([found], tmp_path / 'out.csv')
    assert (tmp_path / 'out.csv').read_text().splitlines()[1].startswith(f'{picture},{found["caption"]},-')
    assert draw([found], (), tmp_path, narrow.picture) == 1
    with pytest.raises(ValueError, match='expected a beam of at least 1, got 0'):
        Predictor(moved, beam=0)


def test_weights_do_not_fit_another_vocabulary(run, tmp_path):
    folder, _, options = run
    fewer = {**options, 'model.head.vocabulary.min_count': 9}
    with pytest.raises(ValueError, match=r'head.*; model.head.vocabulary.file=FILE takes the words'):
        evaluate(str(SMALL), str(folder / 'epoch_60.pth'), work_dir=str(tmp_path), options=fewer)
    # Without the captions of training the file of the run is taken.
    named = {**options, 'model.head.vocabulary.file': str(folder / 'vocabulary.json')}
    evaluate(str(SMALL), str(folder / 'epoch_60.pth'), work_dir=str(tmp_path), options=named)


def test_report_has_table_a1_and_pictures(run, tmp_path):
    folder, _, _ = run
    recipe = load_config(str(WHOLE))
    prepare_config(recipe, world_size=1)
    unrun = Run.not_run('captioning/nic_r50-cutmix_100e_coco.py', recipe.to_dict()['paper'], recipe.to_dict())
    table, pictures = caption_sections([load_run(folder), unrun], tmp_path)
    (rows,) = (block for block in table.blocks if isinstance(block, Table))
    assert rows.header == ('captions', 'by', 'BLEU1', 'BLEU2', 'BLEU3', 'BLEU4', 'METEOR', 'ROUGE', 'CIDEr', 'n')
    assert rows.rows[1][1:] == ('the paper', '64.2', '46.3', '33.6', '24.9', '23.1', '49.0', '77.6', '–')
    assert rows.rows[2][1:3] == ('here', 'not run')
    here = rows.rows[0]
    score = load_run(folder).record['scores']['last']['caption/bleu1']
    assert (here[1], here[2], here[6], here[-1]) == ('here', f'{100 * score:.1f}', '–', '1')
    assert [row[1] for row in rows.rows[3:]] == ['comparison', 'comparison']
    assert (tmp_path / pictures.blocks[0].file).is_file()


@pytest.mark.parametrize(
    ('place', 'value', 'message'),
    [
        (('pictures', 0, 'caption'), 5, 'text at pictures.0.caption, got 5'),
        (('pictures', 0, 'references'), 'a', "a list at pictures.0.references, got 'a'"),
        (('comparisons', 0, 'scores', 'caption/cider'), None, 'a number of at most'),
        (('comparisons',), {}, 'a list at comparisons'),
    ],
)
def test_damaged_records_are_refused(run, tmp_path, place, value, message):
    folder, _, _ = run
    (tmp_path / 'result.json').write_bytes((folder / 'result.json').read_bytes())
    record = json.loads((folder / 'captions.json').read_text())
    node = record
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    (tmp_path / 'captions.json').write_text(json.dumps(record))
    with pytest.raises(ValueError, match=f'captions: expected in .*captions.json.* {message}'):
        caption_sections([load_run(tmp_path)], tmp_path)


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('*.py')), ids=lambda path: path.stem)
def test_words_are_counted_in_the_captions_of_training(path):
    config = load_config(str(path))
    prepare_config(config, world_size=1)
    whole = 'coco' in path.stem
    assert config.model.head.vocabulary == {
        'min_count': 4,
        'data_root': 'data/coco' if whole else 'data/flickr8k',
        'ann_file': 'annotations/captions_train2014.json' if whole else 'dataset_flickr8k.json',
        **({} if whole else {'splits': ('train',)}),
    }
    before = config.to_dict()
    prepare_config(config, world_size=1)
    assert config.to_dict() == before


def test_reference_code_by_one_switch(tmp_path):
    data = write_set(tmp_path / 'coco')
    options = {**OPTIONS, 'data_root': str(data), 'model.legacy': True, 'epochs': 1, 'train_dataloader.num_workers': 0}
    options |= {'val_dataloader.num_workers': 0, 'model.head.vocabulary.min_count': 1}
    runner = train(str(WHOLE), work_dir=str(tmp_path / 'run'), seed=0, options=options)
    config = runner.cfg
    assert [step.type for step in config.val_dataloader.dataset.pipeline] == [
        *('LoadImageFromFile', 'Resize', 'RandomCrop', 'RandomFlip', 'PackInputs')
    ]
    assert config.val_dataloader.dataset.pipeline[2].crop_size == 32
    assert '.' in runner.model.head.vocabulary.words
    assert runner.model.train().backbone.training
    assert (tmp_path / 'run' / 'epoch_1.pth').is_file()
    (log,) = (tmp_path / 'run').glob('*/*.log')
    assert 'freeze_backbone=True keeps random weights; set default_hooks.backbone.checkpoint=FILE' in log.read_text()


def test_views_show_captions(tmp_path):
    options = {**OPTIONS, 'data_root': str(write_set(tmp_path / 'coco')), 'train_dataloader.num_workers': 0}
    ((pictures,),) = training_views(load_config(str(WHOLE), options), batches=1, seed=0)
    assert pictures[0][0].shape == (32, 32, 3)
    assert {text.replace('\n', ' ') for _, text in pictures} <= {text for texts in SENTENCES.values() for text in texts}
    # The colour that the caption names is the brightest one.
    for picture, text in pictures:
        brightest = ('red', 'green', 'blue')[int(picture.mean((0, 1)).argmax())]
        assert brightest in text


def test_what_cannot_be_kept_is_refused(tmp_path):
    data = write_set(tmp_path / 'coco')
    options = {**OPTIONS, 'data_root': str(data), 'model.head.vocabulary.min_count': 1, 'epochs': 1}
    options |= {'default_hooks.features': dict(type='agmax_mm.FeatureCacheHook', folder=str(tmp_path / 'features'))}
    options |= {'train_dataloader.num_workers': 0, 'val_dataloader.num_workers': 0}
    with pytest.raises(ValueError, match='expected a pipeline without chance, got RandomCrop'):
        train(str(WHOLE), work_dir=str(tmp_path / 'run'), options=options)
    with pytest.raises(ValueError, match='expected a frozen backbone without batch_statistics'):
        train(str(WHOLE), work_dir=str(tmp_path / 'other'), options={**options, 'model.freeze_backbone': False})
    (data / 'train2014' / '1_green.png').unlink()
    with pytest.raises(ValueError, match='a picture for each of 6 images, 1 do not exist: .*1_green.png; data_root'):
        train(str(WHOLE), work_dir=str(tmp_path / 'third'), options=options)
    (data / 'train2014' / '1_green.png').write_bytes(b'no picture')
    with pytest.raises(ValueError, match=r'1 of 6 pictures that were looked at are damaged: .*1_green.png \(the file'):
        train(str(WHOLE), work_dir=str(tmp_path / 'fourth'), options=options)


def test_a_config_without_words_is_refused():
    config = Config(load_config(str(WHOLE)).to_dict())
    del config.train_dataloader.dataset['ann_file']
    with pytest.raises(ValueError, match=r'model.head.vocabulary: expected words, a file of them or captions'):
        prepare_config(config, world_size=1)
