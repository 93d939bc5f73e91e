"""What the suite of the agreement measures, at sizes that take no time."""

import json

import pytest
import torch

from agmax_mm.functional import joint, mutual_information
from benchmarks.suites import agreement
from benchmarks.suites.allocations import peak_bytes
from benchmarks.suites.suite import Options, write_outcome


def test_peak_of_what_is_alive_at_once():
    def work():
        for _ in range(3):
            torch.zeros(1_000_000).add_(1)  # gone before the next
        kept = torch.zeros(500_000)
        return kept + kept

    assert peak_bytes(work) == pytest.approx(4_000_000, rel=0.01)


def test_memory_does_not_grow_with_the_square_of_the_classes():
    images, classes = 16, 2400
    logits = agreement._logits(classes, images)
    view, block = 4 * images * classes, 4 * joint.BLOCK_ROWS * classes
    blocked = peak_bytes(lambda: agreement._step(mutual_information, *logits))
    assert blocked == pytest.approx(4 * view + 2 * block, rel=0.03)
    plain = peak_bytes(lambda: agreement._step(agreement.plain_mutual_information, *logits))
    assert plain > 4 * 4 * classes**2 > 5 * blocked


def test_the_suite_writes_its_page(monkeypatch, tmp_path):
    monkeypatch.setattr(agreement, '_CLASSES', (10, 60))
    monkeypatch.setattr(agreement, '_IMAGES', (4, 8))
    monkeypatch.setattr(agreement, '_PLAIN_CLASSES', 10)
    outcome = agreement.run(Options(rounds=2, say=lambda line: None))
    write_outcome(outcome, {}, 'agreement', tmp_path)
    values = json.loads((tmp_path / 'agreement.json').read_text(encoding='utf-8'))['values']
    assert [(cell['classes'], cell['images'], 'plain' in cell) for cell in values['cells']] == [
        (10, 4, True),
        (10, 8, True),
        (60, 4, False),
        (60, 8, False),
    ]
    assert all(cell['ours']['peak_bytes'] > 0 for cell in values['cells'])
    assert values['accuracy']['the package, float64'][1] < 1e-15
    page = (tmp_path / 'agreement.md').read_text(encoding='utf-8')
    assert '| 60 × 8 ' in page
    assert 'agreement.png' in page
    assert (tmp_path / 'agreement.png').stat().st_size > 10_000
