"""AlexNet's errors: the means that everybody divides by, and that its own mCE is 100."""

from __future__ import annotations

import math

import pytest

from agmax_mm.robustness import alexnet, corruption
from agmax_mm.robustness.papers import AGMAX_TABLE_4

# AugMix and later work print them so, in the order of ImageNet-C.
MEANS = (
    88.6428, 89.4468, 92.2640, 81.9880, 82.6268, 78.5948, 79.8360, 86.6816,
    82.6572, 81.9324, 56.4592, 85.3204, 64.6056, 71.7840, 60.6500,
)  # fmt: skip


def own_errors():
    return {name: list(alexnet._BY_SEVERITY.get(name, [alexnet.alexnet_mean(name)] * 5)) for name in alexnet.SCORED}


def test_means_by_severity_are_those_of_other_work():
    names = corruption.SCORED
    assert set(alexnet.SCORED) == set(names)
    assert [round(alexnet.alexnet_mean(name), 4) for name in names] == list(MEANS)


def test_alexnet_is_at_100_exactly():
    assert alexnet.mean_corruption_error(own_errors()) == 100
    entries = [
        ({'corruption': name, 'severity': severity, 'kind': 'stored'}, values(error))
        for name, errors in own_errors().items()
        for severity, error in enumerate(errors, 1)
    ]
    found = corruption.summary([({'corruption': 'none', 'severity': 0}, values(43.5)), *entries])
    assert found['corruption/mCE'] == 100
    assert found['CE/fog'] == 100
    assert found['clean_error'] == 43.5
    # The mean error is another figure, and most mistakes of published mCEs are this one.
    assert found['corruption/mean_error'] == pytest.approx(sum(MEANS) / 15)
    assert 'ImageNet-C, or a part of it, as stored' in corruption.data_kind(entries)


def values(error, side=224, classes=1000):
    return {'corruption/top1_error': error, 'side': side, 'classes': classes, 'images': 1}


def test_by_hand():
    # Half of AlexNet's errors everywhere but for fog, where they are equal.
    errors = {name: [error / 2 for error in errors] for name, errors in own_errors().items()}
    errors['fog'] = own_errors()['fog']
    assert alexnet.mean_corruption_error(errors) == pytest.approx((14 * 50 + 100) / 15)
    # The sum of errors by the sum of AlexNet's, not the mean of ratios.
    assert alexnet.corruption_error('contrast', [100, 0, 0, 0, 0]) == pytest.approx(100 * 100 / (5 * 85.3204))


@pytest.mark.parametrize(
    ('change', 'reason'), [(dict(side=32), 'small images'), (dict(classes=200), '200 classes'), ({}, 'in memory')]
)
def test_no_mce_where_it_would_mean_nothing(change, reason):
    entries = [
        ({'corruption': name, 'severity': severity, 'kind': 'made'}, values(50.0, **change))
        for name in alexnet.SCORED
        for severity in range(1, 6)
    ]
    found = corruption.summary(entries)
    assert reason in corruption.data_kind(entries)
    assert (found['corruption/mCE'] is None) == bool(change)
    # Without all severities or all corruptions there is none either.
    assert corruption.summary(entries[:-5])['corruption/mCE'] is None
    assert corruption.summary(entries[:-1])['CE/jpeg_compression'] is None


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match='got none of fog'):
        alexnet.mean_corruption_error({name: errors for name, errors in own_errors().items() if name != 'fog'})
    with pytest.raises(ValueError, match='expected the errors at 5 severities, got 4'):
        alexnet.corruption_error('fog', [1.0] * 4)


def test_the_papers_mces_are_the_means_of_its_ces():
    for row, (mce, *errors) in AGMAX_TABLE_4.items():
        assert len(errors) == 15, row
        assert math.isclose(sum(errors) / 15, mce, abs_tol=0.051), row
