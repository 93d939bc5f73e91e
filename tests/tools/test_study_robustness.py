"""Robustness of a study's models: checkpoints of finished runs, figures by hand, and their page."""

import json

import pytest

from agmax_mm.experiments.study import read_study
from agmax_mm.results.page import render_markdown
from tools.evidence.robustness import FIGURES, figures, last_checkpoints, robustness_page

STUDY = "'''A study.'''\nbase = 'base.py'\narms = dict(plain={}, mixed={})\nseeds = [0, 1]\n"


@pytest.fixture
def study(tmp_path):
    (tmp_path / 'base.py').write_text('')
    (tmp_path / 'study.py').write_text(STUDY)
    return read_study(tmp_path / 'study.py')


def _run(folder, status='completed', checkpoint='epoch_2.pth'):
    folder.mkdir(parents=True)
    (folder / 'result.json').write_text(json.dumps({'status': status}))
    (folder / 'last_checkpoint').write_text(f'/on/another/machine/{checkpoint}\n')
    (folder / checkpoint).touch()


def test_checkpoints_are_the_last_ones_of_finished_runs(study, tmp_path):
    with pytest.raises(ValueError, match='expected finished runs of study'):
        last_checkpoints(study, tmp_path)
    _run(tmp_path / 'plain' / 'seed_0')
    _run(tmp_path / 'plain' / 'seed_1', status='running')
    _run(tmp_path / 'mixed' / 'seed_1', checkpoint='epoch_4.pth')
    assert last_checkpoints(study, tmp_path) == {
        str(tmp_path / 'plain/seed_0/epoch_2.pth'): ('plain', 0),
        str(tmp_path / 'mixed/seed_1/epoch_4.pth'): ('mixed', 1),
    }
    (tmp_path / 'plain/seed_0/epoch_2.pth').unlink()
    with pytest.raises(ValueError, match=r'that of the finished run .*plain/seed_0'):
        last_checkpoints(study, tmp_path)


def test_figures_by_hand():
    corruption = [
        ({'corruption': 'none'}, {'corruption/top1_error': 20.0}),
        ({'corruption': 'fog'}, {'corruption/top1_error': 30.0}),
        ({'corruption': 'snow'}, {'corruption/top1_error': 50.0}),
    ]
    fgsm = [({'eps': eps}, {'fgsm/top1': value}) for eps, value in ((0.0, 80.0), (1.0, 60.0), (2.0, 40.0))]
    calibration = [({'bins': 15}, {'calibration/ece': 3.0})]
    found = figures({'corruption': corruption, 'fgsm': fgsm, 'calibration': calibration})
    # The clean images are none of the corruptions.
    assert found == {'clean_error': 20.0, 'corruption_error': 40.0, 'ece': 3.0, 'fgsm_1': 60.0, 'fgsm_2': 40.0}
    assert list(found) == list(FIGURES)


def test_page_has_mean_and_spread_of_each_arm():
    arms = {'mi': {name: {'0': 10.0, '1': 12.0} for name in FIGURES}, 'x': {name: {'0': 1.0} for name in FIGURES}}
    found = {'study': 'main', 'images': 1000, 'arms': arms, 'setup': {'torch': '9.9'}}
    text = ' '.join(render_markdown(robustness_page(found)).split())
    assert '| mi | 2 | 11.00 ± 1.41 |' in text
    assert '| x | 1 | 1.00 |' in text
    assert '1,000 test images' in text
