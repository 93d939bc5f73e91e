"""Imports of the host leave no trace: what it says of what nobody asked for is not printed, and collections go on."""

from __future__ import annotations

import gc
import warnings

import pytest

from agmax_mm.experiments import finetuning
from agmax_mm.experiments.finetuning_job import Transfer, derive_config
from agmax_mm.host_imports import without_collections, without_notices
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


@pytest.mark.parametrize('enabled', [True, False])
def test_collections_go_on_after_imports_where_they_went_on_before(enabled):
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(ImportError), without_collections():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


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
