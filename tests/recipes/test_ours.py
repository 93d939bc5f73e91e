"""Our figures beside the paper's: of whole runs of the recipe alone."""

import json

import pytest

from agmax_mm.engine.config import load_config, prepare_config
from tests.results.records import record
from tools.recipes.ours import our_figures

NAME = 'resnet110_cutmix_300e_cifar100'


def write_run(root, seed, options=None, **made):
    """What a run of the recipe leaves behind."""
    config = load_config(f'configs/cutmix/{NAME}.py', options)
    prepare_config(config, world_size=1)
    folder = root / 'docs' / 'runs' / 'cutmix' / NAME / str(seed)
    folder.mkdir(parents=True)
    text = record(config=f'{NAME}.py', seed=seed, **made) | {'paper': config.to_dict()['paper']}
    (folder / 'result.json').write_text(json.dumps(text))
    config.dump(folder / f'{NAME}.py')


def test_whole_runs_of_the_recipe_alone(tmp_path):
    assert our_figures('cutmix', tmp_path) == {}
    write_run(tmp_path, 0, last=80.0)
    write_run(tmp_path, 1, last=81.0)
    # Errors: 20 and 19, whose mean is 19.5 and whose sample standard deviation is 0.71.
    assert our_figures('cutmix', tmp_path) == {f'cutmix/{NAME}.py': '19.50 ± 0.71 (n = 2)'}
    write_run(tmp_path, 2, {'train_cfg.max_epochs': 3}, last=82.0)
    with pytest.raises(ValueError, match='2: expected a whole run of the recipe'):
        our_figures('cutmix', tmp_path)


def test_a_run_that_did_not_end_is_refused(tmp_path):
    write_run(tmp_path, 0, status='interrupted')
    with pytest.raises(ValueError, match='expected a whole run'):
        our_figures('cutmix', tmp_path)
