"""Runs that go back to one of their earlier checkpoints."""

from __future__ import annotations

from agmax_mm.checkpoints.files import newest_checkpoint
from tests.engine.small import make_runner


def test_a_run_that_goes_back_leaves_no_checkpoint_that_would_be_taken_for_its_newest(tmp_path):
    saver = {'default_hooks': {'checkpoint': {'type': 'CheckpointHook', 'interval': 1}}}
    make_runner(tmp_path, epochs=3, **saver).train()
    (tmp_path / 'best_acc_epoch_3.pth').write_bytes((tmp_path / 'epoch_3.pth').read_bytes())
    (tmp_path / 'best_acc_epoch_1.pth').write_bytes((tmp_path / 'epoch_1.pth').read_bytes())
    (tmp_path / 'stopped_iter_3.pth').write_bytes(b'behind the second step')
    again = make_runner(tmp_path, epochs=3, resume=True, **saver)
    again._load_from = str(tmp_path / 'epoch_1.pth')
    again.load_or_resume()
    assert again.iter == 2
    newer = ['best_acc_epoch_3.pth', 'epoch_2.pth', 'epoch_3.pth', 'stopped_iter_3.pth']
    kept = ['best_acc_epoch_1.pth', *(f'earlier_{name}' for name in newer), 'epoch_1.pth']
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == kept
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_1.pth'
    # Without a named file nothing is set aside.
    (tmp_path / 'earlier_epoch_2.pth').rename(tmp_path / 'epoch_2.pth')
    newest = make_runner(tmp_path, epochs=3, resume=True, **saver)
    newest.load_or_resume()
    assert newest.iter == 4
    assert (tmp_path / 'epoch_1.pth').is_file()
