"""Errors in place of accuracies: which epoch they are of, and their curves."""

import pytest
from matplotlib.figure import Figure as Canvas

from agmax_mm.results.overview import write_overview
from agmax_mm.results.plots import error_curves
from agmax_mm.results.runs import Run
from agmax_mm.results.tables import score_table
from tests.results.records import record


def _with_errors(top1, top5, **changes):
    """A run that was validated after each epoch, with these errors, of a recipe whose paper prints errors."""
    points = [
        {'epoch': epoch, 'iter': 10 * epoch, 'accuracy/top1': 100 - one, 'accuracy/top5': 100 - five}
        for epoch, (one, five) in enumerate(zip(top1, top5, strict=True), start=1)
    ]
    paper = [{'metric': 'error/top1', 'value': 21.8}, {'metric': 'error/top5', 'value': 6.06}]
    scores, history = {'last': points[-1], 'best': {}}, {'train': [], 'val': points}
    return Run('x', {**record(**changes), 'paper': paper, 'scores': scores, 'history': history})


def test_errors_are_those_of_the_last_epoch_with_the_lowest_top_1_error():
    run = _with_errors([40.0, 25.0, 25.0, 30.0], [9.0, 5.0, 8.0, 4.0])
    assert run.best('error/top1') == {'value': 25.0, 'epoch': 3, 'iter': 30}
    assert run.best('error/top5') == {'value': 8.0, 'epoch': 3, 'iter': 30}
    assert score_table([run]).rows == [
        ('wrn', '–', 'top-1 error (%)', '–', '30.00', '25.00', '1'),
        ('wrn', '–', 'top-5 error (%)', '–', '4.00', '8.00', '1'),
    ]
    assert run.errors_by_epoch() == {1: 40.0, 2: 25.0, 3: 25.0, 4: 30.0}
    assert _with_errors([40.0], [9.0], status='failed').best('error/top1') is None
    steps = Run('a', {**record(), 'history': {'train': [], 'val': [{'epoch': 0, 'iter': 5, 'accuracy/top1': 50.0}]}})
    assert steps.errors_by_epoch() == {}
    planned = score_table([Run.not_run('b.py', run.record['paper'])]).rows
    assert [row[2:5] for row in planned] == [
        ('top-1 error (%)', '21.80', 'not run'),
        ('top-5 error (%)', '6.06', 'not run'),
    ]


def test_metrics_that_only_the_record_declares_are_shown():
    """As of a suite in somebody's own package, which the report does not import."""
    error = {'name': 'own/error', 'title': 'own error', 'unit': '%', 'higher_is_better': False, 'factor': 100.0}
    made = record()
    made['metrics'] = {'own/error': error}
    made['scores'] = {
        'last': {'epoch': 2, 'iter': 20, 'own/error': 0.25, 'own/unknown': 1.0},
        'best': {'own/error': {'value': 0.125, 'epoch': 1, 'iter': 10}},
    }
    assert [row[2:6] for row in score_table([Run('x', made)]).rows] == [('own error (%)', '–', '25.00', '12.50')]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved, which they still are."""
    figures, save = [], Canvas.savefig

    def savefig(self, *args, **kwargs):
        figures.append(self)
        return save(self, *args, **kwargs)

    monkeypatch.setattr(Canvas, 'savefig', savefig)
    return figures


def test_error_curves_have_mean_band_and_legend(tmp_path, drawn):
    """Two repeats of one recipe, one of which stopped early, and one run of another."""
    first = _with_errors([40.0, 20.0, 24.0], [9.0] * 3)
    second = _with_errors([50.0, 26.0], [9.0] * 2, status='running')
    other = _with_errors([60.0, 30.0, 30.0], [9.0] * 3)
    error_curves({'a': [first, second], 'b': [other]}, tmp_path / 'errors.png')
    (figure,) = drawn
    (panel,) = figure.axes
    lines = [(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in panel.lines]
    assert lines == [([1, 2, 3], [45.0, 23.0, 24.0]), ([1, 2, 3], [60.0, 30.0, 30.0])]
    # Deviations of 5 and 3 to both sides: sample standard deviations of 5 and 3 times the square root of 2; then none.
    (band,) = panel.collections
    heights = {x: [] for x in (1, 2, 3)}
    for x, y in band.get_paths()[0].vertices:
        heights[round(x)].append(y)
    widths = [max(values) - min(values) for values in heights.values()]
    assert widths == pytest.approx([2 * 50**0.5, 2 * 18**0.5, 0.0])
    (legend,) = figure.legends
    # Best 20 and 26, last 24 and 26.
    assert [text.get_text() for text in legend.get_texts()] == [
        'a: best 23.00 ± 4.24, last 25.00 ± 1.41 (n = 2, running)',
        'b: best 30.00, last 30.00',
    ]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ('epoch', 'top-1 error (%)')
    assert panel.get_ylim()[1] == pytest.approx(1.04 * 60.0)


def test_the_first_epochs_of_many_do_not_fill_the_picture(tmp_path, drawn):
    errors = [99.0, 90.0, 60.0, *[50.0] * 9, *[20.0] * 28]
    error_curves({'a': [_with_errors(errors, [9.0] * 40)]}, tmp_path / 'errors.png')
    assert drawn[0].axes[0].get_ylim()[1] == pytest.approx(1.04 * 60.0)


def test_error_curves_go_by_recipe_and_where_two_have_one_name_by_folder_too(tmp_path, drawn):
    runs = [_with_errors([40.0, 20.0], [9.0] * 2, config='a.py'), Run('once', record())]
    for name, value in (('agmax/b', 77.4), ('baseline/b', 76.3)):
        runs.append(Run(name, {**record(config='b.py'), 'paper': {'metric': 'accuracy/top1', 'value': value}}))
    runs[1].record['history']['val'].pop()  # one validation is no curve
    write_overview(runs, tmp_path, 'x')
    names = [text.get_text().split(':')[0] for legend in drawn[0].legends for text in legend.get_texts()]
    assert names == ['a', 'b (agmax/b)', 'b (baseline/b)']
    assert (tmp_path / 'report.md').read_text().count('errors_1.png') == 1
