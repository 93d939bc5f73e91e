"""A folder belongs to one run: whose, by the record that lies in it."""

import json

import pytest

from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.engine.hashes import config_hash, setup_hash
from agmax_mm.engine.work_dir import check_earlier_folder, check_work_dir, clear_work_dir, default_work_dir

AGMAX = 'configs/agmax/wrn40-2_standard_200e_cifar10.py'
BASELINE = 'configs/baseline/wrn40-2_standard_200e_cifar10.py'


def _config(path, folder, options=None):
    config = load_config(path, options)
    prepare_config(config, world_size=1)
    config.work_dir = str(folder)
    return config


def _leave(folder, path, status='completed', options=None):
    """What a run leaves behind."""
    setup = setup_hash(_config(path, folder, options))
    record = {'config': path, 'setup_sha256': setup, 'config_sha256': 'x', 'status': status, 'epochs': 3}
    (folder / 'result.json').write_text(json.dumps(record))


def test_families_do_not_share_a_folder():
    assert default_work_dir(AGMAX) == 'work_dirs/agmax/wrn40-2_standard_200e_cifar10'
    assert default_work_dir(BASELINE) == 'work_dirs/baseline/wrn40-2_standard_200e_cifar10'
    assert default_work_dir('/elsewhere/own.py') == 'work_dirs/own'


@pytest.mark.parametrize('resume', [False, True])
def test_another_recipe_s_run_is_kept(tmp_path, resume):
    _leave(tmp_path, BASELINE, 'interrupted')
    with pytest.raises(ValueError, match=r'got a run of .*baseline.*with other settings; --work-dir .*--force'):
        check_work_dir(_config(AGMAX, tmp_path), resume=resume)
    with pytest.raises(ValueError, match='with other settings'):
        check_work_dir(_config(BASELINE, tmp_path, {'optim_wrapper.optimizer.lr': 0.2}), resume=resume)


def test_a_record_of_an_earlier_version_is_not_called_another_run(tmp_path):
    _leave(tmp_path, AGMAX, 'interrupted')
    record = json.loads((tmp_path / 'result.json').read_text())
    del record['setup_sha256']
    (tmp_path / 'result.json').write_text(json.dumps(record))
    with pytest.raises(ValueError, match='by an earlier version, whose record does not tell.*--resume --force goes on'):
        check_work_dir(_config(AGMAX, tmp_path), resume=True)
    record['config_sha256'] = config_hash(_config(AGMAX, tmp_path))
    (tmp_path / 'result.json').write_text(json.dumps(record))
    check_work_dir(_config(AGMAX, tmp_path), resume=True)


def test_a_finished_run_goes_on_and_is_not_overwritten(tmp_path):
    _leave(tmp_path, AGMAX)
    for epochs in (200, 300):
        longer = _config(AGMAX, tmp_path, {'epochs': epochs})
        check_work_dir(longer, resume=True)
        with pytest.raises(ValueError, match='expected no finished run, got one of 3 epochs; --resume goes on'):
            check_work_dir(longer, resume=False)
    _leave(tmp_path, AGMAX, 'interrupted')
    check_work_dir(longer, resume=False)


def test_checkpoints_of_an_unfinished_run_are_gone_on_with_or_kept(tmp_path):
    _leave(tmp_path, AGMAX, 'running')
    config = _config(AGMAX, tmp_path)
    check_work_dir(config, resume=False)
    (tmp_path / 'stopped_iter_7.pth').touch()
    with pytest.raises(ValueError, match=r'no checkpoints .*got stopped_iter_7.pth; --resume goes on .*--force'):
        check_work_dir(config, resume=False)
    check_work_dir(config, resume=True)
    clear_work_dir(str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_seed_and_the_machine_make_no_other_run(tmp_path):
    _leave(tmp_path, AGMAX)
    options = {'randomness.seed': 7, 'train_dataloader.num_workers': 3, 'amp': 'bf16'}
    check_work_dir(_config(AGMAX, tmp_path, options), resume=True)


def test_a_folder_without_a_record_is_free(tmp_path):
    (tmp_path / 'result.json').write_text('{')
    config = _config(AGMAX, tmp_path)
    check_work_dir(config, resume=False)
    # But not one in which the host's own tools have trained.
    (tmp_path / 'epoch_1.pth').write_text('')
    with pytest.raises(ValueError, match=r'no checkpoints of a run that has not ended, got epoch_1.pth; --resume'):
        check_work_dir(config, resume=False)
    check_work_dir(config, resume=True)
    for name in ('epoch_1.pth', 'epoch_2.pth', 'best_accuracy_top1_epoch_1.pth', 'last_checkpoint', 'notes.txt'):
        (tmp_path / name).write_text('')
    clear_work_dir(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ['notes.txt']


def test_a_run_in_the_folder_of_an_earlier_version_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = default_work_dir(f'/elsewhere/{AGMAX}')
    check_earlier_folder(folder, AGMAX)
    earlier = tmp_path / 'work_dirs' / 'wrn40-2_standard_200e_cifar10'
    earlier.mkdir(parents=True)
    (earlier / 'result.json').write_text('{"status": "interrupted"}')
    with pytest.raises(ValueError, match='expected a run in .*agmax.*; --work-dir work_dirs/wrn40-2_standard_200e'):
        check_earlier_folder(folder, AGMAX)
    check_earlier_folder(str(earlier), AGMAX)
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / 'result.json').write_text('{"status": "interrupted"}')
    check_earlier_folder(folder, AGMAX)
