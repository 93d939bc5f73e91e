"""What the host says of formats and metrics that nobody asked for does not reach a command's output; the rest does."""

from __future__ import annotations

import warnings

import pytest

from agmax_mm.experiments import finetuning
from agmax_mm.experiments.finetuning_job import Transfer, derive_config
from agmax_mm.host import without_notices
from tests.detection.sets import write_voc


def test_notices_of_what_is_not_installed_are_left_out_and_nothing_else(capsys):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        with without_notices():
            print('Could not import OneDL. Skipping OneDL datasets.')
            print('something else')
            warnings.warn('faster_coco_eval is not installed, metrics will not be computed.', stacklevel=1)
            warnings.warn('something is wrong', stacklevel=1)
    assert capsys.readouterr().out == 'something else\n'
    assert [str(one.message) for one in caught] == ['something is wrong']


def test_data_are_checked_after_the_host_was_imported_quietly(tmp_path, monkeypatch):
    pytest.importorskip('mmcv.ops', exc_type=ImportError)
    order = []
    build = finetuning.DATASETS.build
    monkeypatch.setattr(finetuning, 'import_host', lambda: order.append('imported'))
    monkeypatch.setattr(finetuning.DATASETS, 'build', lambda given: order.append(given['type']) or build(given))
    given = Transfer(None, 'voc', tmp_path, data_root=str(write_voc(tmp_path / 'boxes')), classes=['box'])
    finetuning.check_data(derive_config(given))
    assert order[0] == 'imported'
    assert len(order) > 2
