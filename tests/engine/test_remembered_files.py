"""Config files that are read once, and again where they changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mmengine.config import Config

from agmax_mm.engine import remembered_files
from agmax_mm.engine.bases import allow_own_bases
from agmax_mm.engine.config import load_config

ROOT = Path(__file__).parents[2]
allow_own_bases()


@pytest.fixture
def reads(monkeypatch):
    """The names of the files that the host reads, in their order."""
    names = []
    host = remembered_files._host_read

    def counted(filename, *flags):
        names.append(Path(filename).name)
        return host(filename, *flags)

    monkeypatch.setattr(remembered_files, '_host_read', counted)
    return names


def _write(path, text):
    """Write a file with a time of its own, since one system clock tick may see both versions."""
    path.write_text(text)
    stamp = _write.clock = getattr(_write, 'clock', 10**18) + 10**9
    os.utime(path, ns=(stamp, stamp))
    return str(path)


def _chain(folder):
    _write(folder / 'base.py', 'lr = 0.1\nparts = [dict(a=1)]\n')
    _write(folder / 'middle.py', "_base_ = 'base.py'\nseed = 1\n")
    return _write(folder / 'top.py', "_base_ = 'middle.py'\nhere = '{{ fileBasename }}'\nrate = {{_base_.lr}}\n")


def test_recipes_are_what_the_host_reads(monkeypatch):
    names = ['agmax/resnet50_cutmix_aa_270e', 'detection/mask-rcnn_r50_fpn_1x_coco', 'modern/resnet50_600e_agmax']
    paths = [ROOT / 'configs' / f'{name}.py' for name in names]
    twice = [[Config.fromfile(path) for path in paths] for _ in range(2)]
    monkeypatch.setattr(Config, '_file2dict', staticmethod(remembered_files._host_read))

    for path, *found in zip(paths, *twice, strict=True):
        expected = Config.fromfile(path)
        for config in found:
            assert config.to_dict() == expected.to_dict()
            assert (config.text, config.pretty_text) == (expected.text, expected.pretty_text)


def test_a_recipe_s_files_are_read_once_for_values_and_for_the_length_of_the_schedule(reads, tmp_path):
    recipe = ROOT / 'configs' / 'baseline' / 'wrn40-2_cutmix_200e_cifar10.py'
    own = _write(tmp_path / 'own.py', f'_base_ = {str(recipe)!r}\ntotal_batch_size = 64\n')
    load_config(own)
    assert 'own.py' in reads
    assert len(reads) == len(set(reads))


def test_what_was_read_is_the_caller_s_own(reads, tmp_path):
    path = _chain(tmp_path)
    for _ in range(3):
        config = Config.fromfile(path)
        assert (config.here, config.rate, config.parts) == ('top.py', 0.1, [{'a': 1}])
        config.parts[0].a = 2
        config.parts.append(3)
    assert reads == ['top.py', 'middle.py', 'base.py']


@pytest.mark.parametrize('changed', ['base.py', 'middle.py', 'top.py'])
def test_a_changed_file_is_read_again(changed, reads, tmp_path):
    path = _chain(tmp_path)
    Config.fromfile(path)
    text = (tmp_path / changed).read_text()
    _write(tmp_path / changed, text + 'new = 1\n')
    assert Config.fromfile(path).new == 1
    os.remove(tmp_path / 'base.py')
    with pytest.raises(FileNotFoundError):
        Config.fromfile(path)


def test_bases_are_shared(reads, tmp_path):
    _chain(tmp_path)
    other = _write(tmp_path / 'other.py', "_base_ = 'middle.py'\nlr = 0.2\n")
    assert Config.fromfile(tmp_path / 'top.py').lr == 0.1
    assert Config.fromfile(other).lr == 0.2
    assert reads == ['top.py', 'middle.py', 'base.py', 'other.py']
    # A change below a remembered base shows in both.
    _write(tmp_path / 'base.py', 'lr = 0.3\n')
    assert Config.fromfile(tmp_path / 'top.py').lr == 0.3
    assert Config.fromfile(other).lr == 0.2


def test_what_depends_on_more_than_files_is_read_every_time(reads, tmp_path, monkeypatch):
    _write(tmp_path / 'where.py', "root = '{{$AGMAX_TEST_ROOT:data}}'\n")
    _write(tmp_path / 'code.py', 'import os\ncount = len(os.environ["AGMAX_TEST_ROOT"])\n')
    _write(tmp_path / 'file.py', f'text_of_file = open({str(tmp_path / "text")!r}).read()\n')
    _write(tmp_path / 'hidden.py', "long = len(__import__('os').environ['AGMAX_TEST_ROOT'])\n")
    bases = ['where.py', 'code.py', 'file.py', 'hidden.py']
    path = _write(tmp_path / 'top.py', f'_base_ = {bases}\n')
    for root in ('here', 'elsewhere'):
        monkeypatch.setenv('AGMAX_TEST_ROOT', root)
        (tmp_path / 'text').write_text(root)
        for _ in range(2):
            config = Config.fromfile(path)
            assert (config.root, config.count, config.text_of_file, config.long) == (root, len(root), root, len(root))
    assert sorted(reads) == sorted([*bases, 'top.py'] * 4)
    monkeypatch.delenv('AGMAX_TEST_ROOT')
    assert Config.fromfile(tmp_path / 'where.py').root == 'data'
