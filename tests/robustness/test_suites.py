"""Each suite on a network that tells colours: what must come out, and plain loops over the same files."""

from __future__ import annotations

import json
import math

import cv2
import numpy as np
import pytest
import torch

from agmax_mm import functional as AF
from agmax_mm.results.page import Page, Section, render_markdown
from agmax_mm.robustness import between, calibration, corruption, fgsm, occlusion, ood, pgd
from agmax_mm.robustness.suite import open_measurement
from tests.robustness import small

pytest.importorskip('imagecorruptions')

from agmax_mm.datasets import Corrupt


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('suites')


@pytest.fixture(scope='module')
def data(folder):
    """12 pictures of 3 classes, without noise."""
    return small.write_pictures(folder / 'data')


def measured(place, data, suite, *, name='plain', weight=None, bias=(0.0, 0.0, 0.0), **options):
    """Conditions and values of one suite on one network."""
    config = small.write_config(place / f'{data.name}.py', data)
    checkpoint = small.write_checkpoint(place / f'{name}.pth', weight, bias)
    out = place / f'{data.name}_{name}_{suite.__name__.rpartition(".")[2]}.json'
    out.unlink(missing_ok=True)
    key = suite.__name__.rpartition('.')[2]
    run = open_measurement(
        config,
        [checkpoint],
        [key],
        str(out),
        options={f'{key}.{option}': value for option, value in options.items()},
        workers=0,
        work_dir=str(place / 'work'),
    )
    run.fill()
    content = json.loads(out.read_text())
    assert content['status'] == 'completed'
    assert content['identity']['images'] == len(small.colours(data)[0])
    assert content['summaries'][key] == {name: suite.summary(run.results(key)[name])}
    return run.results(key)[name]


def logits(images, weight=None, bias=(0.0, 0.0, 0.0)):
    weight = torch.eye(3) if weight is None else torch.tensor(weight)
    return ((images - small.MEAN) / small.STD).mean((2, 3)) @ weight.T + torch.tensor(bias)


@pytest.mark.parametrize('suite', [fgsm, pgd])
def test_attacks_turn_a_colour_where_twice_eps_passes_the_margin(folder, data, suite):
    metric = suite.ACCURACY.name
    entries = measured(folder, data, suite, pixel_eps=[40, 60], agmax_eps=[0.1, 1.1])
    found = {(condition['protocol'], condition['eps']): values[metric] for condition, values in entries}
    # Channels are 100 levels apart, and both give way.
    assert [found['pixel', eps] for eps in (0, 40, 60)] == [100, 100, 0]
    # Normalised they are 1.2 and -0.8. Clamping comes last: 0.8 would leave 0.4 to 0, and 1.1 leaves 0.1 to 0.3.
    assert [found['agmax', eps] for eps in (0, 0.1, 1.1)] == [100, 100, 0]


def test_the_agmax_protocol_counts_what_was_wrong_before_as_wrong(folder, data):
    # The bias gives all images to the first class; an attack on images of other classes changes nothing for the better.
    options = dict(bias=(9.0, 0.0, 0.0), name='biased')
    entries = measured(folder, data, fgsm, protocols='agmax', agmax_eps=0.3, **options)
    assert [values['fgsm/top1'] for _, values in entries] == [pytest.approx(100 / 3)] * 2
    # With opposite weights a wrong image turns right by clamping: counted for pixels, not for the authors' protocol.
    weight, bias = [[-1.0, 0, 0], [0, -1.0, 0], [0, 0, 0.0]], (0.0, 0.0, 0.3)
    images, labels = small.colours(data)
    normalised = (images - small.MEAN) / small.STD
    clean = logits(images, weight, bias).argmax(1) == labels
    clamped = logits(normalised.clamp(0, 1) * small.STD + small.MEAN, weight, bias).argmax(1) == labels
    assert (clamped & ~clean).any()
    (entry,) = measured(folder, data, fgsm, protocols='agmax', agmax_eps=0, weight=weight, bias=bias, name='odd')
    assert entry[1]['fgsm/top1'] == 100 * float((clean & clamped).float().mean()) == 0


def test_disagreement_of_one_step_and_many_is_told():
    def entries(metric, values):
        condition = {'protocol': 'pixel', 'eps': 8.0}
        return {model: [(condition, {metric: value})] for model, value in values.items()}

    one = entries('fgsm/top1', {'new': 30.0, 'old': 20.0})
    (line,) = pgd.disagreements(one, entries('pgd/top1', {'new': 1.0, 'old': 2.0}))
    assert 'new is ahead of old under FGSM (30.00 to 20.00 %) and behind it under PGD (1.00 to 2.00 %)' in line
    assert pgd.disagreements(one, entries('pgd/top1', {'new': 2.0, 'old': 1.0})) == []
    (line,) = pgd.disagreements(one, entries('pgd/top1', {'new': 31.0, 'old': 2.0}))
    assert line.startswith('new, pixel, eps 8: 31.00 % under PGD, 30.00 % under FGSM')


@pytest.mark.parametrize('fill', ['mean', 'black'])
def test_occlusion_leaves_what_is_outside_or_inside(folder, data, fill):
    entries = measured(folder, data, occlusion, sides=[0, 0.5, 1], fill=fill, name=fill)
    found = {(condition['region'], values['pixels']): values['occlusion/top1_error'] for condition, values in entries}
    nothing_left = pytest.approx(200 / 3)  # all logits are equal, and the first class is taken
    assert found == {
        ('centre', 0): 0,
        ('centre', 16): 0,
        ('centre', 32): nothing_left,
        ('boundary', 0): nothing_left,
        ('boundary', 16): 0,
        ('boundary', 32): 0,
    }


def test_the_hole_is_in_the_middle_of_what_the_network_is_fed():
    mask = occlusion.centre_square((3, 6, 9), 0.5)
    assert mask.sum() == 9
    assert mask[1:4, 3:6].all()
    assert occlusion.centre_square((3, 224, 224), 1 / 14).sum() == 16 * 16


def test_between_counts_what_is_neither_class(folder, data):
    options = dict(shares=[0.0, 0.3, 0.5, 1.0], sides=[0.0, 0.5, 0.75, 1.0], bias=(0.0, 0.0, 1.2), name='third')
    entries = measured(folder, data, between, **options)
    images, labels = small.colours(data)
    partners = between.pairs(12, 0)
    assert sorted(partners) == list(range(12))
    assert all(partner != place for place, partner in enumerate(partners))
    wrong = []
    for condition, values in entries:
        share, errors = condition['share'], 0
        for place, partner in enumerate(partners):
            if condition['kind'] == 'mixup':
                image = share * images[place] + (1 - share) * images[partner]
            else:
                image = images[place].clone()
                side = round(32 * share)
                low, high = 16 - side // 2, 16 - side // 2 + side
                image[:, low:high, low:high] = images[partner][:, low:high, low:high]
            top = int(logits(image[None], bias=(0.0, 0.0, 1.2)).argmax())
            errors += top not in (int(labels[place]), int(labels[partner]))
        assert values['between/top1_error'] == pytest.approx(100 * errors / 12)
        wrong.append(errors)
    # The third class has the advantage where two others are mixed, and only there.
    assert wrong[0] == wrong[3] == wrong[4] == wrong[7] == 0
    assert wrong[2] > 0


def test_calibration_is_that_of_the_softmax(folder, tmp_path):
    data = small.write_pictures(tmp_path / 'noisy', images=5, noise=60)
    weight = [[1.0, 0.5, 0.2], [0, 1.0, 0.4], [0.4, 0, 1.0]]
    ((condition, values),) = measured(folder, data, calibration, bins=4, weight=weight, name='slanted')
    images, labels = small.colours(data)
    probabilities = logits(images, weight).double().softmax(1)
    assert values['calibration/ece'] == pytest.approx(100 * AF.expected_calibration_error(probabilities, labels, 4))
    assert values['calibration/confidence'] == pytest.approx(100 * float(probabilities.max(1).values.mean()), abs=1e-5)
    assert sum(values['bins/counts']) == 15
    assert condition == {'bins': 4}


def test_ood_is_that_of_the_greatest_probability(folder, data, tmp_path):
    others = small.write_pictures(tmp_path, images=3, noise=60, folder='others') / 'others'
    weight = [[1.0, 0.5, 0.2], [0, 1.0, 0.4], [0.4, 0, 1.0]]
    options = dict(folders={'grey': str(others)}, noise_images=7, weight=weight, name='ood')
    entries = measured(folder, data, ood, **options)
    assert [(c['set'], c.get('form')) for c, _ in entries] == [
        ('grey', 'crop'),
        ('grey', 'resize'),
        ('uniform', None),
        ('gaussian', None),
    ]

    def scores(images):
        return logits(images, weight).double().softmax(1).max(1).values

    inside, outside = scores(small.colours(data)[0]), scores(small.colours(tmp_path, 'others')[0])
    # Images of the network's size are taken as they are in either form.
    for _, values in entries[:2]:
        assert values['ood/auroc'] == pytest.approx(100 * AF.auroc(inside, outside))
        assert values['ood/tnr_at_tpr95'] == pytest.approx(100 * AF.tnr_at_tpr(inside, outside))
        assert values['ood/detection_accuracy'] == pytest.approx(100 * AF.detection_accuracy(inside, outside))
        curve = (torch.tensor(values[f'roc/{name}_positive_rate']) for name in ('false', 'true'))
        false, true = curve
        assert float(torch.trapezoid(true, false)) == pytest.approx(values['ood/auroc'] / 100, abs=1e-6)
    assert entries[2][1]['images_out'] == 7
    means = ood.summary(entries)
    assert means['mean/ood/auroc'] == pytest.approx(sum(values['ood/auroc'] for _, values in entries) / 4)


def test_noise_is_what_odin_feeds():
    uniform, gaussian = (
        torch.stack([ood.Noise({'set': kind, 'images': 40, 'seed': 3}, (3, 32, 32))[i][0] for i in range(40)]) / 255
        for kind in ('uniform', 'gaussian')
    )
    assert float(uniform.mean()) == pytest.approx(0.5, abs=0.005)
    assert float(uniform.var()) == pytest.approx(1 / 12, abs=0.002)
    # N(0.5, 1) within 0 to 1: 30.85 % on either end.
    for end in (0.0, 1.0):
        assert float((gaussian == end).double().mean()) == pytest.approx(0.3085, abs=0.01)
    assert not torch.equal(uniform[0], uniform[1])


def test_crops_of_other_images(tmp_path):
    generator = np.random.default_rng(0)
    large, low = generator.integers(0, 256, (50, 80, 3), np.uint8), generator.integers(0, 256, (20, 64, 3), np.uint8)
    crop = ood.random_crop(large, (32, 32), 4)
    places = [(y, x) for y in range(19) for x in range(49) if np.array_equal(large[y : y + 32, x : x + 32], crop)]
    assert len(places) == 1
    assert not np.array_equal(ood.random_crop(large, (32, 32), 5), crop)
    assert ood.random_crop(low, (32, 32), 0).shape == (32, 32, 3)


@pytest.mark.parametrize('crop', ['official', 'agmax'])
def test_corruptions_made_are_those_of_each_file(folder, tmp_path, crop):
    data = small.write_pictures(tmp_path / crop, images=2, noise=50)
    weight = [[1.0, 0.9, 0], [0, 1.0, 0.9], [0.9, 0, 1.0]]
    options = dict(corruptions=['impulse_noise', 'saturate'], severities=[1, 5], jpeg_quality=85, crop=crop)
    entries = measured(folder, data, corruption, weight=weight, name=crop, **options)
    images, labels = small.colours(data)
    for condition, values in entries:
        changed = []
        for file, image in zip(sorted((data / 'test').glob('*/*.png')), images, strict=True):
            results = {'img': image.permute(1, 2, 0).byte().numpy(), 'img_path': str(file)}
            if condition['corruption'] != 'none':
                step = Corrupt(condition['corruption'], condition['severity'], root=str(data), jpeg_quality=85)
                results = step(results)
                if crop == 'agmax':
                    results['img'] = enlarged_middle(results['img'])
            changed.append(torch.from_numpy(results['img']).permute(2, 0, 1).float())
        errors = logits(torch.stack(changed), weight).argmax(1) != labels
        assert values['corruption/top1_error'] == pytest.approx(100 * float(errors.double().mean()))
    assert 'small images (32 px)' in corruption.data_kind(entries)
    found = corruption.summary(entries)
    assert found['corruption/mCE'] is None
    assert found['CE/impulse_noise'] is None
    assert found['corruption/mean_error'] == found['mean_error/impulse_noise']  # saturate is not scored


def enlarged_middle(image):
    from PIL import Image

    large = Image.fromarray(image).resize((256, 256), Image.Resampling.BILINEAR)
    return np.asarray(large)[16:240, 16:240].copy()


def test_stored_images_have_the_classes_of_the_test_set(folder, data, tmp_path):
    stored = tmp_path / 'imagenet-c'
    for severity, wrong in ((1, 'a'), (2, 'ab')):
        for label, name in enumerate('abc'):
            target = stored / 'fog' / str(severity) / name
            target.mkdir(parents=True)
            image = np.full((32, 32, 3), 20, np.uint8)
            image[..., (label + (name in wrong)) % 3] = 200
            cv2.imwrite(str(target / 'x.png'), image)
    entries = measured(folder, data, corruption, folder=str(stored), corruptions='fog', severities=[1, 2])
    assert [values['corruption/top1_error'] for _, values in entries] == [
        0,
        pytest.approx(100 / 3),
        pytest.approx(200 / 3),
    ]
    assert 'as stored' in corruption.data_kind(entries)
    (stored / 'fog' / '1' / 'd').mkdir()
    cv2.imwrite(str(stored / 'fog' / '1' / 'd' / 'x.png'), image)
    with pytest.raises(ValueError, match='got 1 folders that it lacks: d'):
        measured(folder, data, corruption, folder=str(stored), corruptions='fog', severities=1)
    with pytest.raises(ValueError, match=r"expected fog/3 in .*imagenet-c', got none"):
        measured(folder, data, corruption, folder=str(stored), corruptions='fog', severities=3)


def test_the_blocks_of_all_suites_say_what_was_measured(folder, data, tmp_path):
    texts = {}
    for suite, options in (
        (corruption, dict(corruptions=['fog'], severities=[1, 2])),
        (fgsm, {}),
        (occlusion, {}),
        (between, {}),
        (ood, dict(noise_images=3)),
        (calibration, {}),
    ):
        entries = measured(folder, data, suite, **options)
        blocks = list(suite.blocks({'one': entries, 'two': entries}, tmp_path))
        figure = blocks[-1] if suite not in (fgsm, occlusion, between) else None
        name = suite.__name__.rpartition('.')[2]
        assert (tmp_path / f'{name}.png').stat().st_size > 3000
        assert figure is None or figure.file == f'{name}.png'
        page = render_markdown(Page('title', 'lead', [Section(name, blocks)]))
        assert 'one' in page
        assert 'two' in page
        texts[suite] = page
    assert 'neither CIFAR-C nor ImageNet-C' in texts[corruption]
    assert 'positive class' in texts[ood]
    assert 'Bins: 15' in texts[calibration]
    assert math.isclose(corruption.summary(measured(folder, data, corruption, corruptions='fog'))['clean_error'], 0)
