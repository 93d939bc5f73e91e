import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from agmax_mm.fileio import atomic_path, load_checkpoint_file, write_json


def test_nothing_is_half_written(tmp_path):
    path = tmp_path / 'deep' / 'file.txt'
    with atomic_path(path) as temporary:
        temporary.write_text('first')
        assert temporary.suffix == '.txt'
        assert not path.exists()
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text('second')
        raise RuntimeError
    assert path.read_text() == 'first'
    assert os.listdir(path.parent) == ['file.txt']
    with pytest.raises(ValueError, match='Out of range float'):
        write_json({'value': float('nan')}, path)
    assert path.read_text() == 'first'


def test_checkpoints_of_mmengine_load(tmp_path):
    buffer = HistoryBuffer()
    buffer.update(2.5)
    torch.save(
        {'state_dict': {'w': torch.ones(2)}, 'message_hub': {'loss': buffer, 'n': np.float64(3)}}, tmp_path / 'a.pth'
    )
    loaded = load_checkpoint_file(tmp_path / 'a.pth')
    assert loaded['message_hub']['loss'].mean() == 2.5
    assert torch.equal(loaded['state_dict']['w'], torch.ones(2))


def test_code_in_a_checkpoint_does_not_run(tmp_path):
    marker = tmp_path / 'ran'

    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    class Reach:
        """Reaches the builtins through an admitted class."""

        def __reduce__(self):
            return getattr, (HistoryBuffer, '__init__')

    for number, payload in enumerate((Payload(), Reach())):
        path = tmp_path / f'{number}.pth'
        torch.save({'state_dict': {}, 'meta': payload}, path)
        with pytest.raises(ValueError, match=rf'checkpoint .*{number}.pth.*expected tensors and plain values only'):
            load_checkpoint_file(path)
    assert not marker.exists()


@pytest.mark.parametrize('content', [b'', b'not a checkpoint', pickle.dumps([1, 2])])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / 'x.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint '.*x.pth'"):
        load_checkpoint_file(path)
    with pytest.raises(ValueError, match='does not exist'):
        load_checkpoint_file(tmp_path / 'missing.pth')
