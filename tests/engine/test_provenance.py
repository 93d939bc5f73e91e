"""Each value of a config comes from the file that states it, from an option, or from the completion."""

from pathlib import Path

from mmengine.config import Config

from agmax_mm.engine import bases
from agmax_mm.engine.provenance import COMPLETED, OPTION, config_origins

RECIPE = 'agmax/wrn40-2_standard_200e_cifar10'


def test_origins_of_a_config_on_a_recipe(tmp_path, monkeypatch):
    # As in a new process, where nothing has told mmengine of this package's recipes.
    monkeypatch.setattr(Config, '_get_cfg_path', staticmethod(bases._host_path))
    own = tmp_path / 'own.py'
    own.write_text(f"_base_ = 'agmax_mm::{RECIPE}.py'\ntotal_batch_size = 64\n")
    origins = config_origins(str(own), {'model.head.num_classes': 7})
    assert (origins['total_batch_size'].value, origins['total_batch_size'].source) == (64, str(own))
    assert (origins['model.head.num_classes'].value, origins['model.head.num_classes'].source) == (7, OPTION)
    agreement = origins['model.agreement.type']
    assert agreement.value == 'agmax_mm.MutualInfoAgreement'
    assert Path(agreement.source).resolve() == Path(f'configs/{RECIPE}.py').resolve()
    assert Path(origins['model.backbone.type'].source).parent.parent.name == '_base_'
    # The share of a process, which no file states.
    assert (origins['train_dataloader.batch_size'].value, origins['train_dataloader.batch_size'].source) == (
        64,
        COMPLETED,
    )
