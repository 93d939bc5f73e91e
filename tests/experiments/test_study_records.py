"""Small records of runs: what is kept, what is taken again, and what is refused."""

import dataclasses
import json

import numpy as np
import pytest

from agmax_mm.experiments.data_prints import check_same_data, data_print
from agmax_mm.experiments.study_records import read_records, takeable_runs, write_records
from agmax_mm.results.runs import Run
from tests.experiments.test_study_report import _run, study  # noqa: F401  a fixture


def _long(arm, seed):
    run = _run(arm, seed, 51.123456789, 52.0)
    run.record['history'] = {
        'train': [{'iter': place, 'epoch': 1 + place // 10, 'loss': 1 / 3 + place, 'lr': 0.1} for place in range(1000)],
        'val': [{'iter': 500, 'epoch': 50, 'accuracy/top1': 51.123456789}],
    }
    run.record['backbone'] = '/home/me/secret.pth'
    return run


def test_a_record_is_small_whole_in_its_scores_and_stays_as_it_is(tmp_path):
    path = tmp_path / 'x.runs.jsonl'
    write_records(path, [_long('plain', 0)], {'plain/seed_0': 'k'})
    text = path.read_text()
    assert len(text) < 4000
    assert 'secret' not in text
    run = read_records(path, {'plain/seed_0': 'k'})['plain/seed_0']
    assert run.last('accuracy/top1') == 51.123456789
    assert run.curve('val', 'accuracy/top1') == ([500.0], [51.123456789])
    steps, losses = run.curve('train', 'loss')
    assert (len(steps), steps[0], steps[-1], losses[0]) == (30, 0, 999, 0.33333)
    assert run.folder is None
    write_records(path, [run], {'plain/seed_0': 'k'})
    assert path.read_text() == text


def test_records_of_other_runs_stay_and_a_new_key_replaces_the_old(tmp_path):
    path = tmp_path / 'x.runs.jsonl'
    write_records(path, [_run('plain', 0, 1.0, 1.0), _run('mixed', 0, 2.0, 2.0)], dict.fromkeys(NAMES, 'old'))
    write_records(path, [_run('mixed', 0, 3.0, 3.0)], dict.fromkeys(NAMES, 'new'))
    assert list(read_records(path, dict.fromkeys(NAMES, 'old'))) == ['plain/seed_0']
    (run,) = read_records(path, dict.fromkeys(NAMES, 'new')).values()
    assert (run.name, run.last('accuracy/top1')) == ('mixed/seed_0', 3.0)
    assert read_records(tmp_path / 'none.jsonl', {}) == {}


NAMES = ['plain/seed_0', 'mixed/seed_0']


def test_a_run_whose_fine_tuning_is_not_recorded_is_trained_again(study):  # noqa: F811
    study = dataclasses.replace(study, transfers={'a': {}, 'b': {}}, seeds=(0,))
    names = [*NAMES, 'transfers/a/plain-seed_0', 'transfers/b/plain-seed_0', 'transfers/a/mixed-seed_0']
    recorded = {name: Run(name, {}) for name in names}
    assert list(takeable_runs(study, recorded)) == ['plain/seed_0']


@pytest.mark.parametrize('line', ['{', '[]', '{"run": "a", "key": "b"}', '{"run": "a", "key": "b", "record": {}}'])
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / 'x.runs.jsonl'
    write_records(path, [_run('plain', 0, 1.0, 1.0)], {'plain/seed_0': 'k'})
    path.write_text(path.read_text() + line + '\n')
    with pytest.raises(ValueError, match=r'x\.runs\.jsonl, line 2'):
        read_records(path, {})


class _Data:
    def __init__(self, root, labels, classes=('a', 'b'), pixel=0):
        self.data_root, self.labels, self.metainfo, self.pixel = root, labels, {'classes': classes}, pixel

    def __len__(self):
        return len(self.labels)

    def get_data_info(self, place):
        image = np.full((2, 2), self.pixel)
        return {'img_path': f'{self.data_root}/train/{place}.png', 'label': self.labels[place], 'img': image}


def test_the_print_of_data_is_of_what_they_are_and_not_of_their_place():
    first = data_print(_Data('/one', [0, 1]))
    assert data_print(_Data('/other/place', [0, 1])) == first
    others = [
        _Data('/one', [1, 1]),
        _Data('/one', [0, 1, 1]),
        _Data('/one', [0, 1], ('a', 'c')),
        _Data('/one', [0, 1], pixel=1),
    ]
    assert len({first, *map(data_print, others)}) == 5


def test_a_folder_knows_the_data_of_all_parts_that_were_begun_in_it(tmp_path):
    check_same_data(tmp_path, {'a': 'x'}, note=False)
    assert list(tmp_path.iterdir()) == []
    check_same_data(tmp_path, {'a': 'x'}, note=True)
    check_same_data(tmp_path, {'b': 'y'}, note=True)  # another part, as with --arms
    check_same_data(tmp_path, {'a': 'x', 'b': 'y', 'c': 'z'}, note=False)
    for name, other in (('a', 'y'), ('b', 'x')):
        with pytest.raises(ValueError, match=f'{name}: expected the data that .* was begun with, got others'):
            check_same_data(tmp_path, {name: other}, note=True)
    for content in ('{', '[]'):
        (tmp_path / 'data.json').write_text(content)
        with pytest.raises(ValueError, match=r'data\.json'):
            check_same_data(tmp_path, {'a': 'x'}, note=True)


def test_every_line_is_json_of_its_own(tmp_path):
    write_records(tmp_path / 'x', [_run('plain', 0, 1.0, 1.0), _run('mixed', 0, 1.0, 1.0)], dict.fromkeys(NAMES, 'k'))
    assert [json.loads(line)['run'] for line in (tmp_path / 'x').read_text().splitlines()] == NAMES[::-1]
