"""What the runner does otherwise than the host's."""

from __future__ import annotations

import pytest
import torch
from mmengine.fileio import LocalBackend

from tests.engine.hooks.test_finite_loss import runner
from tests.engine.small import make_runner


def test_a_checkpoint_that_could_not_be_written_whole_leaves_the_one_before(tmp_path, monkeypatch):
    made = runner(tmp_path, None)
    made.train()
    before = torch.load(tmp_path / 'epoch_2.pth', weights_only=False)['state_dict']
    write = LocalBackend.put

    def run_out_of_space(self, content, path):
        write(self, content[: len(content) // 2], path)
        raise OSError('No space left on device')

    monkeypatch.setattr(LocalBackend, 'put', run_out_of_space)
    for value in made.model.parameters():
        value.data += 1
    with pytest.raises(OSError, match='No space left'):
        made.save_checkpoint(str(tmp_path), 'epoch_2.pth')
    after = torch.load(tmp_path / 'epoch_2.pth', weights_only=False)['state_dict']
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_2.pth']


def test_the_console_is_free_of_dumps_so_that_errors_are_seen(tmp_path, capsys):
    runner = make_runner(tmp_path, some_option='of_this_test')
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) < 10
    assert 'Environment, config and hooks are in the log file in' in shown
    (log,) = tmp_path.glob('*/*.log')
    written = log.read_text()
    assert 'System environment' in written
    assert "some_option = 'of_this_test'" in written
    assert 'Hooks will be executed in the following order' in written
    # From now on, tables of scores are shown.
    runner.logger.info('\n'.join(['a table'] * 9))
    assert capsys.readouterr().out.count('a table') == 9
