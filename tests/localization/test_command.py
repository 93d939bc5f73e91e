"""The command from files to tables and pictures, on networks whose maps are known."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch

from agmax_mm.commands import console
from agmax_mm.results import class_maps
from agmax_mm.results.class_maps import MapPicture, blended
from agmax_mm.robustness import map_pictures
from tests.localization.sets import BRIGHT, DARK, add_haze, write_config, write_cub
from tests.robustness.small import ColourNetwork  # noqa: F401  registers it


@pytest.fixture
def checkpoints(tmp_path):
    """One network that sees each class in its channel, and one that takes the first and the third for each other."""
    swapped = torch.eye(3)[[2, 1, 0]]
    for name, weight in (('right', torch.eye(3)), ('swapped', swapped)):
        weights = {'head.fc.weight': weight, 'head.fc.bias': torch.zeros(3)}
        torch.save({'state_dict': weights, 'meta': {}}, tmp_path / f'{name}.pth')
    return [str(tmp_path / 'right.pth'), str(tmp_path / 'swapped.pth')]


@pytest.fixture
def drawn(monkeypatch):
    """What is drawn, by the name of the picture; it is drawn all the same."""
    seen = {}
    draw = map_pictures.map_grid

    def spy(rows, path, **titles):
        seen[path.name] = (rows, titles)
        draw(rows, path, **titles)

    monkeypatch.setattr(map_pictures, 'map_grid', spy)
    return seen


def run(*argv):
    with pytest.raises(SystemExit) as exit_:
        console.main(['localize', *map(str, argv)])
    return exit_.value.code


def test_tables_and_pictures_of_two_networks(tmp_path, checkpoints, drawn, capsys):
    # A classifier of the host, without maps of its own.
    config = write_config(tmp_path / 'find.py', write_cub(tmp_path / 'data'), model='ImageClassifier')
    out = tmp_path / 'where'
    command = (config, *checkpoints, '--out', out, '--workers', 0, '--images', 3, '--work-dir', tmp_path / 'logs')
    assert run(*command) in (0, None)
    printed = capsys.readouterr().out
    rows = re.findall(r'^\| (right|swapped) +\| +([\d.]+) \| +([\d.]+) \| +([\d.]+) \|', printed, re.MULTILINE)
    first = {name: [float(cell) for cell in cells] for name, *cells in reversed(rows)}
    # The other network is right about the second class alone, whose two images it finds.
    assert first['right'] == [100, 100, 100]
    assert first['swapped'] == [33.33, 33.33, 33.33]
    assert {'localization.json', 'report.md', 'index.html', 'maps.png', 'mixed_0.png', 'localization.png'} <= {
        path.name for path in out.iterdir()
    }
    rows, titles = drawn['maps.png']
    assert titles['column_titles'] == ['image', 'right', 'swapped']
    assert len(rows) == 3
    for picture, found, other in rows:
        # The picture is what the network was fed: the object's box lies around its bright pixels, within one of them.
        ys, xs = np.nonzero(picture.image.max(axis=2) > (BRIGHT + DARK) / 2)
        bright = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        np.testing.assert_allclose(picture.truth[0], bright, atol=1.0)
        assert found.found[0].tolist() == bright  # and what is found is exactly those
        assert other.found[0].tolist() == bright  # the map is that of the predicted class, also where it is wrong
        assert np.array_equal(found.heat > 0, picture.image.max(axis=2) > (BRIGHT + DARK) / 2)
    rows, titles = drawn['mixed_0.png']
    assert titles['row_titles'][2:] == ['Mixup', 'Cutout', 'CutMix']
    assert len(rows) == 5
    assert len({len(row) for row in rows} | {len(titles['column_titles']), 1 + 2 * 2}) == 1
    # All networks get the same images.
    assert all(np.array_equal(row[0].image, other.image) for row in rows for other in row[1:])
    # Called again, it measures nothing and writes the same.
    before = json.loads((out / 'localization.json').read_text())
    assert run(*command) in (0, None)
    assert json.loads((out / 'localization.json').read_text()) == before
    assert before['summaries'] == {'localization': {'right': {}, 'swapped': {}}}


def test_sigma_of_the_training_images_is_told_and_drawn(tmp_path, checkpoints, drawn, capsys):
    config = write_config(tmp_path / 'find.py', write_cub(tmp_path / 'data'))
    add_haze(tmp_path / 'data')
    out = tmp_path / 'where'
    options = ('--sigma', 'train', '--at-least', '--images', 3, '--pairs', 0)
    assert run(config, *checkpoints, '--out', out, '--workers', 0, *options, '--work-dir', tmp_path / 'logs') in (
        0,
        None,
    )
    printed = capsys.readouterr().out
    # The one that takes two classes for each other has a map of the label for the second one alone: 0.41 to 0.99.
    assert "Sigma, at which the label's map finds most training images: right 0.87, swapped 0.70." in printed
    assert 'the largest part above sigma of the maximum, and right if its overlap is at least 0.5' in printed
    rows, _ = drawn['maps.png']
    for picture, found, _ in rows:
        # At 0.15 it would be the whole image, and so at a half where the haze is denser.
        ys, xs = np.nonzero(picture.image.max(axis=2) > BRIGHT - 10)
        assert found.found[0].tolist() == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def test_sigma_of_training_images_needs_some_with_boxes(tmp_path, checkpoints, capsys):
    config = write_config(tmp_path / 'find.py', write_cub(tmp_path / 'data'))
    config.write_text(f'{config.read_text()}\ntrain_dataloader = train_cfg = optim_wrapper = None\n')
    options = ('--sigma', 'train', '--workers', 0, '--work-dir', tmp_path / 'logs')
    assert run(config, checkpoints[0], '--out', tmp_path / 'where', *options) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('error: --sigma train: expected a config whose training set has boxes, got none')


def test_mixed_images_by_hand(generator):
    first, second = images = torch.randn(2, 3, 8, 8, generator=generator)
    a, b, mixup, cutout, cutmix = map_pictures.mixed_images(images, (2, 6, 1, 4))
    assert torch.equal(a, first)
    assert torch.equal(b, second)
    torch.testing.assert_close(mixup, (first + second) / 2)
    inside = torch.zeros(8, 8, dtype=torch.bool)
    inside[2:6, 1:4] = True
    assert torch.equal(cutout, first.masked_fill(inside, 0))
    assert torch.equal(cutmix, torch.where(inside, second, first))


def test_a_map_over_a_picture_by_hand():
    image = np.full((2, 2, 3), 100, np.uint8)
    hot = np.array([[0.0, -1.0], [2.0, 2.0]])
    found = blended(MapPicture(image, hot))
    assert np.array_equal(found[0, 0], found[0, 1])  # nothing below 0
    assert np.array_equal(found[1, 0], found[1, 1])
    assert not np.array_equal(found[0, 0], found[1, 0])
    assert blended(MapPicture(image)) is image
    assert np.array_equal(blended(MapPicture(image, np.zeros((2, 2))))[0, 0], found[0, 0])


def test_a_long_name_is_written_in_lines_that_do_not_reach_the_next_picture(monkeypatch, tmp_path):
    figures = []
    monkeypatch.setattr(class_maps, 'save_figure', lambda figure, path: figures.append(figure))
    name = 'tank, army tank, armored combat vehicle, armoured combat vehicle'
    picture = MapPicture(np.zeros((4, 4, 3), np.uint8), caption=f'{name}\noverlap 0.50')
    class_maps.map_grid([[picture]], tmp_path / 'maps.png', column_titles=['image'])
    lines = figures[0].axes[0].get_xlabel().splitlines()
    assert ' '.join(lines) == f'{name} overlap 0.50'
    assert lines[-1] == 'overlap 0.50'
    assert max(map(len, lines)) <= 36


def test_mistakes_are_one_line(tmp_path, checkpoints, capsys):
    config = write_config(tmp_path / 'find.py', write_cub(tmp_path / 'data'))
    base = (config, checkpoints[0], '--out', tmp_path / 'where', '--workers', 0, '--work-dir', tmp_path / 'logs')
    for options, message in (
        (('--sigma', 1.5), 'localization.sigma: expected a share within [0, 1), got 1.5'),
        (('--images', -1), '--images: expected at least 0, got -1'),
        (
            ('--cfg-options', 'test_dataloader.dataset.pipeline.PackInputs.algorithm_keys=[]'),
            'expected boxes of each image',
        ),
    ):
        assert run(*base, *options) == 1
        error = capsys.readouterr().err.strip().splitlines()[-1]
        assert error.startswith('error: ')
        assert message in error
