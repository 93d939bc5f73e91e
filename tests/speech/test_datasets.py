"""Layouts of Speech Commands, and the data set on them."""

import numpy as np
import pytest

from agmax_mm.datasets import TwoView
from agmax_mm.registry import DATASETS
from agmax_mm.speech.layouts import WORDS, find_recordings
from agmax_mm.speech.noise import noise_chunks
from tests.speech.sets import archive, split_folders, tone, write

PIPELINE = [
    dict(type='agmax_mm.LoadRecording', sample_rate=8000, num_samples=5000),
    dict(type='PackInputs', meta_keys=('img_path', 'split')),
]


def build(root, splits='train', **options):
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return DATASETS.build(
            dict(type='agmax_mm.SpeechCommands', data_root=str(root), splits=splits, pipeline=PIPELINE, **options)
        )


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    return split_folders(tmp_path_factory.mktemp('folders'))


@pytest.fixture(scope='module')
def official(tmp_path_factory):
    """Version 0.02: it has five words more."""
    return archive(tmp_path_factory.mktemp('archive'), (*WORDS, 'backward', 'follow', 'forward', 'learn', 'visual'))


def test_lists_part_the_archive(official):
    parts = {split: find_recordings(official, split) for split in ('train', 'valid', 'test')}
    assert {split: len(found.files) for split, found in parts.items()} == {'train': 30, 'valid': 30, 'test': 30}
    assert parts['valid'].files[0] == ('bed/1_nohash_0.wav', 'bed')
    files = [path for found in parts.values() for path, _ in found.files]
    assert len(set(files)) == 90
    assert parts['train'].words == WORDS
    assert parts['train'].notes == ['left out 5 words: backward, follow, forward, learn, visual']


def test_words_can_be_chosen(official):
    assert len(find_recordings(official, 'train', 'all').words) == 35
    found = find_recordings(official, 'test', ['yes', 'no'])
    assert found.files == [('yes/2_nohash_0.wav', 'yes'), ('no/2_nohash_0.wav', 'no')]
    with pytest.raises(ValueError, match='words: expected folders of .*, got maybe, which have none'):
        find_recordings(official, 'test', ['yes', 'maybe'])
    with pytest.raises(ValueError, match=r"words: expected a list of words or 'all', got 'yes'"):
        find_recordings(official, 'test', 'yes')


def test_silence_is_a_class_of_its_own_and_a_share(folders):
    data = build(folders, silence=0.25)
    assert data.metainfo['classes'] == ('silence', 'high', 'low')
    labels = [data.get_data_info(index)['gt_label'] for index in range(len(data))]
    assert labels == [1] * 6 + [2] * 6 + [0] * 3
    assert (data[14]['inputs'] == 0).all()
    assert len(build(folders, silence=0.0)) == 12
    assert build(folders).metainfo['classes'] == ('high', 'low')


def test_a_share_of_silence_that_is_less_than_a_clip_is_told(folders, monkeypatch):
    told = []
    monkeypatch.setattr('agmax_mm.speech.datasets.SpeechCommands._log', lambda self, lines: told.extend(lines))
    assert len(build(folders, silence=0.05)) == 12
    assert told == ['train has no clip of silence: 0.05 of 12 recordings are less than one']


def test_several_splits_keep_their_names(folders):
    data = build(folders, ['valid', 'test'])
    splits = [data[index]['data_samples'].split for index in range(len(data))]
    assert splits == ['valid'] * 12 + ['test'] * 12


def test_samples_are_the_files_cut_or_filled_up(folders):
    data = build(folders)
    found = data[0]['inputs'].numpy()
    assert found.shape == (5000,)
    np.testing.assert_allclose(found[:4000], tone(2000, seed=0), atol=1 / 32768)
    assert (found[4000:] == 0).all()
    kept = build(folders, in_memory=True)
    assert all((kept[index]['inputs'] == data[index]['inputs']).all() for index in range(len(data)))


def test_views_begin_with_the_same_waveform(folders):
    sample = TwoView(transforms=[], num_views=2)({'img': tone(440)})
    assert len(sample['img']) == 2
    np.testing.assert_array_equal(*sample['img'])


@pytest.mark.parametrize('split', ['train', 'valid', 'test'])
def test_a_list_that_matches_no_file_is_refused(tmp_path, split):
    root = archive(tmp_path, ('no', 'yes'))
    (root / 'testing_list.txt').write_text('no/other_nohash_0.wav\nyes/other_nohash_0.wav\n')
    with pytest.raises(
        ValueError, match=r"in the list '.*testing_list\.txt', such as 'no/0_nohash_0\.wav', got none of 2"
    ):
        find_recordings(root, split)


def test_missing_files_of_a_list_are_counted(tmp_path):
    root = archive(tmp_path, ('no', 'yes'))
    (root / 'no' / '2_nohash_0.wav').unlink()
    assert find_recordings(root, 'test').notes == ['1 of 2 files of testing_list.txt are not there']


def test_words_that_are_held_out_whole_are_named(tmp_path):
    root = archive(tmp_path, ('no', 'yes'))
    with open(root / 'testing_list.txt', 'a') as file:
        file.write('no/0_nohash_0.wav\n')
    found = find_recordings(root, 'train')
    assert (found.files, found.words) == ([('yes/0_nohash_0.wav', 'yes')], ('no', 'yes'))
    assert found.notes == ['all recordings of 1 words are in the lists: no']
    with open(root / 'testing_list.txt', 'a') as file:
        file.write('yes/0_nohash_0.wav\n')
    with pytest.raises(ValueError, match='expected recordings .* of every word in .*, got none of 2: no, yes'):
        find_recordings(root, 'train')


def test_other_layouts_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'expected validation_list\.txt and testing_list\.txt beside the folders'):
        find_recordings(tmp_path, 'train')
    root = archive(tmp_path, ('no', 'yes'))
    (root / 'testing_list.txt').unlink()
    with pytest.raises(ValueError, match=r'expected the list testing_list\.txt in .*, got none'):
        find_recordings(root, 'train')
    with pytest.raises(ValueError, match=r"splits: expected some of train, valid, test, got 'val'"):
        find_recordings(root, 'val')


def test_a_word_without_recordings_is_refused(tmp_path):
    root = split_folders(tmp_path, per_word=1)
    (root / 'train' / 'silent').mkdir()
    with pytest.raises(ValueError, match=r'expected recordings .* of every word in .*train.*, got none of 1: silent'):
        find_recordings(root, 'train')


def test_files_that_are_no_recordings_are_found_at_the_start(tmp_path, caplog):
    root = split_folders(tmp_path, per_word=2)
    path = root / 'train' / 'high' / '0.wav'
    content = path.read_bytes()
    path.write_bytes(content[:1000])
    build(root)
    path.write_bytes(b'text')
    with pytest.raises(ValueError, match=r'got 1 unreadable files among 4 checked ones, the first being .*high/0\.wav'):
        build(root)


def test_noise_is_cut_into_seconds_in_both_layouts(folders, official):
    assert noise_chunks(str(folders), 8000).shape == (2, 8000)
    assert noise_chunks(str(official), 8000).shape == (2, 8000)
    assert noise_chunks(str(official), 4000).shape == (2, 4000)
    with pytest.raises(ValueError, match='BackgroundNoise=None trains without'):
        noise_chunks(str(folders / 'test'), 8000)


def test_a_silent_folder_of_noise_is_refused(tmp_path):
    write(tmp_path / '_background_noise_' / 'short.wav', tone(1, seconds=0.5))
    with pytest.raises(ValueError, match='expected a second of noise'):
        noise_chunks(str(tmp_path), 8000)
