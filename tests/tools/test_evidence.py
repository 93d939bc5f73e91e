"""The page about the studies: it is that of their tables, and says of made-up ones what follows from them by hand."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tools.evidence.comparisons import find
from tools.evidence.page import DRAWING, PAGE, README, expected_files
from tools.evidence.topics import TOPICS, paper_gains

ROOT = Path(__file__).parents[2]
STUDIES = Path('benchmarks', 'studies')


@pytest.mark.parametrize('path', [PAGE, DRAWING, README])
def test_the_files_are_those_of_the_studies_tables(path):
    """To renew them: python tools/make_evidence.py."""
    assert (ROOT / path).read_text(encoding='utf-8') == expected_files(ROOT)[path]


@pytest.fixture
def root(tmp_path):
    """A checkout with the studies' files, and no table."""
    (tmp_path / STUDIES).mkdir(parents=True)
    for file in (ROOT / STUDIES).glob('*.py'):
        shutil.copy(file, tmp_path / STUDIES)
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    shutil.copy(ROOT / README, tmp_path)
    return tmp_path


def _write(root, scores):
    """A table of the main study: scores of each arm by seed."""
    arms = {
        arm: {'runs': {str(seed): {'last': value} for seed, value in enumerate(values)}}
        for arm, values in scores.items()
    }
    summary = {'metric': 'accuracy/top1', 'arms': arms, 'setup': {'device': 'cpu: x', 'torch': '9.9'}}
    (root / STUDIES / 'main_cifar10.json').write_text(json.dumps(summary))


SCORES = {
    'cutmix-baseline': [50.0, 51.0, 52.0],
    'cutmix-twice': [52.0, 53.0, 54.0],
    'cutmix-two_views': [51.0, 50.0, 52.0],
    # 3.9 to 4.1 above one view; 2.1, 2 and 1.9 above equal compute; 3.1, 5 and 3.9 above two views.
    'cutmix-mi': [54.1, 55.0, 55.9],
    'standard-baseline': [40.0],
    'standard-mi': [39.0],
}


def test_differences_are_of_the_shared_seeds_and_the_correction_is_of_the_measured_ones(root):
    _write(root, SCORES)
    found = find(TOPICS[0], root)
    assert (found.finished, found.planned) == (14, 105)
    by_name = {(one.level, one.arm, one.reference): one for one in found.main}
    one = by_name['cutmix', 'mi', 'baseline']
    assert one.difference.values == pytest.approx((4.1, 4.0, 3.9))
    assert one.paper == 0.5
    # Mean 4, s 0.1: t = 4 / (0.1 / sqrt(3)) = 69.28; with 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2) = 2.08e-4.
    assert one.difference.p_value == pytest.approx(2.08e-4, rel=1e-2)
    # Three comparisons have more than one seed; this p-value is the smallest.
    assert one.p_holm == pytest.approx(3 * one.difference.p_value)
    assert by_name['standard', 'mi', 'baseline'].difference.values == (-1.0,)
    assert by_name['standard', 'mi', 'baseline'].p_holm is None
    assert by_name['cutmix', 'mi_qnet', 'baseline'].difference is None
    assert by_name['cutmix', 'mi', 'twice'].paper is None
    (second,) = [one for one in found.others if one.difference is not None]
    assert (second.arm, second.reference, second.difference.values) == ('two_views', 'twice', (-1.0, -3.0, -2.0))


def test_the_front_page_and_the_page_say_so(root):
    _write(root, SCORES)
    files = expected_files(root)
    front = files[README]
    # Against one view, equal compute and two views; 1 seed of standard has one view alone.
    cutmix = r'\| top-1: CutMix +\| +● \+4\.00 \(\+3\.75 to \+4\.25\) \| +● \+2\.00 \(\+1\.75 to \+2\.25\) \| +● \+4\.'
    assert re.search(cutmix, front)
    assert re.search(r'\| top-1: standard +\| +-1\.00 \(one seed\) \| +– \| +– \|', front)
    assert 'n = 1 to 3 seeds' in front
    # All three of CutMix: against two views, mean 4.0, s 0.954, t 7.26, p 0.018, the largest of the three.
    assert (
        "Of 3 comparisons of AgMax's top-1 and of its authors' form, 3 show a gain and 0 a loss beyond chance" in front
    )
    assert 'Finished so far: 14 of 105 runs' in front
    page = files[PAGE]
    assert re.search(r'top-1: standard +\| +-1\.00 \(one seed\)', page)
    cells = r'CutMix +\| +AgMax +\| +one view +\| +3 \| +55\.00 ± 0\.90 \| +51\.00 ± 1\.00 \| +\+4\.00 ± 0\.10 '
    assert re.search(cells, page)
    assert 'Speech | 100 of 100 runs' in ' '.join(page.split())
    assert '+4.00 (+3.75 to +4.25), n = 3' in files[DRAWING]
    # What the marks enclose is all that changes.
    inside = re.compile('(?<=make_evidence.py -->\n).*?(?=<!-- end of)', re.DOTALL)
    assert inside.sub('', front) == inside.sub('', (ROOT / README).read_text(encoding='utf-8'))


def test_a_loss_is_said_as_plainly(root):
    _write(root, {**SCORES, 'cutmix-mi': [48.1, 49.0, 49.9]})
    front = expected_files(root)[README]
    # Two views lose 2.9, 1 and 2.1, which may be chance.
    assert re.search(r'\| top-1: CutMix +\| +● -2\.00 \(-2\.25 to -1\.75\) \| +● -4\.00 [^|]*\| +-2\.00 \(', front)
    assert '0 show a gain and 2 a loss beyond chance' in front


def test_without_any_run_it_says_that_nothing_is_known(root):
    front = expected_files(root)[README]
    assert 'Nothing yet: 0 of 105 runs' in front
    assert '![' not in front.split('make_evidence.py -->')[1].split('<!-- end')[0]


def test_the_front_page_needs_its_marks(root):
    (root / README).write_text('nothing')
    with pytest.raises(ValueError, match='README.md: expected the line .*once, got it 0 times'):
        expected_files(root)


def test_robustness_has_one_correction_for_all_its_rows(root):
    """In both figures the same differences, 4 and 2 on the mean of three seeds: p-values are of a family of 4 rows."""
    _write(root, SCORES)
    values = {arm: dict(enumerate(SCORES[f'cutmix-{arm}'])) for arm in ('baseline', 'twice', 'mi')}
    by_seed = {arm: {str(seed): value for seed, value in found.items()} for arm, found in values.items()}
    arms = {f'cutmix-{arm}': {'clean_error': found, 'ece': found} for arm, found in by_seed.items()}
    figures = {'clean_error': 'top-1 error (%)', 'ece': 'calibration error (%)'}
    measured = {'images': 1000, 'figures': figures, 'arms': arms}
    (root / STUDIES / 'main_cifar10_robustness.json').write_text(json.dumps(measured))
    page = ' '.join(expected_files(root)[PAGE].split())
    section = page.partition('## Robustness and calibration')[2].partition('## Not run')[0]
    # 2.08e-4 x 4 and, of the smaller difference, t = 34.6: 8.32e-4 x 2, for which 4 x the smallest is no bound.
    assert section.count('| CutMix | AgMax | one view | 3 |') == 2
    assert section.count('| 0.001 |') == 2
    assert section.count('| 0.002 |') == 2
    assert section.count('Beyond chance, 2 of 2 differences') == 2
    assert "robustness and calibration of the main study's models" not in page


def test_gains_are_those_that_the_paper_prints():
    """Atienza, WACV 2022, Tables 2 and 3."""
    assert paper_gains(2, 'CIFAR-10, WRN-40-2')['cutmix_aa'] == 0.4
    assert paper_gains(3, 'LeNet5, test')['cutout'] == 1.4


def test_what_follows_is_said_of_both_forms(root):
    """The authors' form is 3, 3.1 and 2.9 below the formula, beyond chance; against equal compute AgMax gains."""
    _write(root, {**SCORES, 'cutmix-mi_qnet': [51.1, 51.9, 53.0]})
    section = ' '.join(expected_files(root)[PAGE].partition('## What follows')[2].partition('\n## ')[0].split())
    assert '| The main study | CutMix | 3 | ● -3.00 (-3.25 to -2.75) |' in section
    assert "beyond chance the authors' code is better in 0 and worse in 1 of 1 comparisons" in section
    assert '0 of 1 means with two seeds or more are losses' in section
    _write(root, SCORES)
    assert '## What follows' not in expected_files(root)[PAGE]


def test_fine_tunings_of_a_study_are_told_apart(root):
    """Each topic of the detection study takes its own fine-tuning's scores and metric, none the study's own."""

    def scores(values):
        return {arm: {'runs': {'0': {'last': one}, '1': {'last': one + 1}}} for arm, one in values.items()}

    tuned = {
        name: {'metric': metric, 'arms': scores({'cutmix_aa-baseline': 50, 'cutmix_aa-mi': 50 + gain})}
        for name, gain, metric in (('frozen', 3, 'pascal_voc/mAP'), ('full', -4, 'coco/segm_mAP'))
    }
    arms = scores({'cutmix_aa-baseline': 10, 'cutmix_aa-mi': 20})
    summary = {'metric': 'accuracy/top1', 'arms': arms, 'transfers': tuned, 'setup': {'device': 'cpu: x'}}
    (root / STUDIES / 'main_cifar10_detection.json').write_text(json.dumps(summary))
    topics = {topic.transfer: topic for topic in TOPICS if topic.study == 'main_cifar10_detection'}
    for name, gain in (('frozen', 3), ('full', -4)):
        found = find(topics[name], root)
        (one,) = [one for one in found.main if one.difference is not None]
        assert (one.arm, one.reference, one.difference.values) == ('mi', 'baseline', (gain, gain))
        assert (found.finished, found.planned) == (4, 25)
    page = expected_files(root)[PAGE]
    assert 'Detectors from these backbones, frozen' in page
    assert '+3.00' in page
    assert '-4.00' in page
    assert 'mask AP (%)' in page
    front = expected_files(root)[README]
    assert re.search(
        r'\| VOC mAP of a detector of raccoons, frozen, n = 2 seeds: CutMix \+ AutoAugment '
        r'+\| +● \+3\.00 .*\| +– \| +– \|',
        front,
    )
    assert re.search(
        r'\| mask AP of a detector of raccoons, full, n = 2 seeds: CutMix \+ AutoAugment +\| +● -4\.00', front
    )

    # One seed says nothing, and is on the page alone.
    for arm in tuned['frozen']['arms'].values():
        del arm['runs']['1']
    (root / STUDIES / 'main_cifar10_detection.json').write_text(json.dumps(summary))
    files = expected_files(root)
    assert 'raccoons, frozen' not in files[README]
    assert 'raccoons, full' in files[README]
    assert '+3.00' in files[PAGE]
