"""Which checkpoint of a run's folder is taken, and files that were changed after they were written."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.checkpoints.files import find_checkpoint, newest_checkpoint, write_weights
from agmax_mm.safe_reading import is_whole


def write(folder, name, value=1.0):
    folder.mkdir(exist_ok=True)
    torch.save({'state_dict': {'backbone.weight': torch.full((64,), value)}, 'meta': {}}, folder / name)


def test_the_newest_is_that_of_the_folder_wherever_it_was_moved(tmp_path):
    for number in (2, 9, 10):
        write(tmp_path / 'run', f'epoch_{number}.pth')
    (tmp_path / 'run' / 'last_checkpoint').write_text(str(tmp_path / 'run' / 'epoch_2.pth'))
    shutil.copytree(tmp_path / 'run', tmp_path / 'kept')
    assert find_checkpoint(tmp_path / 'kept') == str(tmp_path / 'kept' / 'epoch_10.pth')
    (tmp_path / 'run').rename(tmp_path / 'moved')
    assert find_checkpoint(tmp_path / 'moved') == str(tmp_path / 'moved' / 'epoch_10.pth')


def test_damaged_and_temporary_files_are_passed_over(tmp_path):
    write(tmp_path, 'iter_100.pth')
    write(tmp_path, 'iter_200.pth')
    whole = (tmp_path / 'iter_200.pth').read_bytes()
    (tmp_path / 'iter_200.pth').write_bytes(whole[:-300])
    (tmp_path / '.iter_300.9217.pth').write_bytes(whole)
    (tmp_path / 'iter_400.pth').write_bytes(b'')
    assert newest_checkpoint(tmp_path) == tmp_path / 'iter_100.pth'
    (tmp_path / 'iter_100.pth').unlink()
    assert newest_checkpoint(tmp_path) is None
    with pytest.raises(ValueError, match=r'expected one in the folder .* got none that is whole'):
        find_checkpoint(tmp_path)


def test_files_of_several_kinds_are_compared_by_their_steps(tmp_path, caplog):
    def step(name, steps):
        torch.save({'state_dict': {}, 'meta': {'iter': steps}}, tmp_path / name)

    step('stopped_iter_25.pth', 25)
    step('epoch_3.pth', 30)
    step('epoch_2.pth', 20)  # the last one written
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'
    (tmp_path / 'epoch_3.pth').write_bytes(b'half')
    damaged = []
    assert newest_checkpoint(tmp_path, damaged) == tmp_path / 'stopped_iter_25.pth'
    assert damaged == [tmp_path / 'epoch_3.pth']
    assert find_checkpoint(tmp_path) == str(tmp_path / 'stopped_iter_25.pth')
    assert 'epoch_3.pth passed over' in caplog.text


def test_of_two_best_ones_the_recorded_one_counts(tmp_path):
    for number in (3, 7):
        write(tmp_path, f'best_accuracy_top1_epoch_{number}.pth')
    assert find_checkpoint(tmp_path, 'best').endswith('best_accuracy_top1_epoch_7.pth')
    best = {'accuracy/top1': {'value': 60.0, 'epoch': 3, 'iter': 30}}
    (tmp_path / 'result.json').write_text(json.dumps({'scores': {'last': {}, 'best': best}}))
    assert find_checkpoint(tmp_path, 'best').endswith('best_accuracy_top1_epoch_3.pth')
    (tmp_path / 'best_accuracy_top1_epoch_3.pth').write_bytes(b'half')
    assert find_checkpoint(tmp_path, 'best').endswith('best_accuracy_top1_epoch_7.pth')
    write(tmp_path, 'best_coco_bbox_mAP_epoch_7.pth')
    with pytest.raises(ValueError, match=r'best ones of one metric .*top1_epoch_7.pth, .*mAP_epoch_7.pth'):
        find_checkpoint(tmp_path, 'best')


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_one_changed_bit_is_seen(suffix, tmp_path):
    path = tmp_path / f'x{suffix}'
    tensors = {'backbone.weight': torch.arange(50, dtype=torch.float32), 'backbone.count': torch.tensor(3)}
    write_weights(tensors, {'recipe': 'x.py'}, path)
    assert read_checkpoint(path).note == {'recipe': 'x.py'}
    content = bytearray(path.read_bytes())
    content[content.index(tensors['backbone.weight'].numpy().tobytes()) + 21] ^= 4
    path.write_bytes(content)
    assert not is_whole(path)
    with pytest.raises(ValueError, match=rf"x{suffix}': expected the (file|tensors) as (it was|they were) written"):
        read_checkpoint(path)


def test_files_without_checksums_are_read(tmp_path):
    torch.save({'w': torch.zeros(3)}, tmp_path / 'old.pth', _use_new_zipfile_serialization=False)
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({'w': torch.ones(3)}, tmp_path / 'none.pth')
    finally:
        torch.serialization.set_crc32_options(True)
    for name in ('old', 'none'):
        assert read_checkpoint(tmp_path / f'{name}.pth').stored['w'].shape == (3,)
