"""Recipes of this package as bases of a user's own config, anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from agmax_mm.engine.config import load_config

ROOT = Path(__file__).parents[2]


def test_a_recipe_is_a_base_from_any_folder(tmp_path):
    own = tmp_path / 'mine.py'
    own.write_text("_base_ = 'agmax_mm::agmax/wrn40-2_cutmix_aa_200e_cifar10.py'\ntotal_batch_size = 64\n")
    found = load_config(str(own))
    expected = load_config(str(ROOT / 'configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py'))
    assert found.pop('total_batch_size') == 64
    assert expected.pop('total_batch_size') != 64
    # No type gets another scope than in the recipe itself.
    assert found.to_dict() == expected.to_dict()


def test_bases_of_the_host_stay_the_hosts(tmp_path):
    pytest.importorskip('mmdet')
    own = tmp_path / 'mine.py'
    own.write_text("_base_ = ['mmdet::_base_/models/retinanet_r50_fpn.py', 'agmax_mm::_base_/default_runtime.py']\n")
    load_config(str(own))
    assert Config.fromfile(own).model['_scope_'] == 'mmdet'


def test_a_misspelt_recipe_is_named(tmp_path):
    own = tmp_path / 'mine.py'
    own.write_text("_base_ = 'agmax_mm::agmax/resnet50.py'\n")
    with pytest.raises(ValueError, match=r"'agmax_mm::agmax/resnet50.py' of .*: expected a recipe of agmax_mm, got no"):
        load_config(str(own))
