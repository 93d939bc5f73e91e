"""What suites share."""

from agmax_mm.robustness.contract import mean_errors


def test_errors_are_means_over_the_conditions_of_a_kind():
    found = [('fog', 1, 10.0), ('snow', 1, 40.0), ('fog', 5, 30.0), ('none', 0, 5.0)]
    entries = [({'corruption': kind, 'severity': level}, {'top1': error}) for kind, level, error in found]
    means = mean_errors(entries, 'top1', 'corruption', ('fog', 'snow', 'frost'))
    assert means == {'mean_error/fog': 20.0, 'mean_error/snow': 40.0}
