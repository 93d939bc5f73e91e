"""Result files to tables, curves and pages."""

import argparse
import json

import cv2
import numpy as np
import pytest

from agmax_mm.commands import report
from agmax_mm.results.html_page import render_html
from agmax_mm.results.overview import write_overview
from agmax_mm.results.page import Figure, Link, Page, Section, Table, Text, markdown_table
from agmax_mm.results.pictures import detection_grid, picture_grid
from agmax_mm.results.plots import learning_curves
from agmax_mm.results.runs import Run, find_runs, load_run, repeats
from agmax_mm.results.table_files import csv_table, latex_table, write_page
from agmax_mm.results.tables import comparison_table, score_table
from tests.results.records import record as _record


def _write(folder, **changes):
    folder.mkdir(parents=True)
    (folder / 'result.json').write_text(json.dumps(_record(**changes)))


def test_detection_scores_are_in_percent_as_the_paper_s_are():
    paper = [
        {'table': 10, 'row': 'x', 'metric': 'coco/bbox_mAP', 'value': 36.4},
        {'table': 10, 'row': 'x', 'metric': 'coco/segm_mAP', 'value': 32.6},
    ]
    record = {**_record(), 'paper': paper}
    record['scores'] = {'last': {'coco/bbox_mAP': 0.3425, 'coco/segm_mAP': 0.31}, 'best': {}}
    rows = score_table([Run('a', record)]).rows
    assert [row[2:5] for row in rows] == [('box AP (%)', '–', '34.25'), ('mask AP (%)', '–', '31.00')]
    planned = score_table([Run.not_run('mask.py', paper)]).rows
    assert [row[2:5] for row in planned] == [('box AP (%)', '36.4', 'not run'), ('mask AP (%)', '32.6', 'not run')]


def test_repeats_become_mean_and_sample_deviation(tmp_path):
    for seed, last in enumerate([90.0, 91.0, 95.0]):
        _write(tmp_path / 'wrn' / f'seed_{seed}', last=last, seed=seed)
    table = score_table(find_runs([tmp_path / 'wrn']))
    # mean 92; deviations -2, -1, 3: sqrt((4 + 1 + 9) / 2) = 2.65
    assert table.rows == [('wrn', '–', 'top-1 (%)', '–', '92.00 ± 2.65', '91.50 ± 0.00', '3')]


def test_recipes_of_one_name_are_told_apart_by_the_paper_s_figures():
    agmax, baseline, again = (Run(name, _record()) for name in ('agmax', 'baseline', 'again'))
    baseline.record['paper'] = {'table': 1, 'row': 'x', 'metric': 'accuracy/top1', 'value': 76.4}
    assert repeats([agmax, baseline, again]) == [[agmax, again], [baseline]]


def test_what_did_not_end_is_no_score():
    runs = [Run('a', _record(status='failed')), Run.not_run('b.py', {'metric': 'accuracy/top1', 'value': 76.3})]
    assert score_table(runs).rows == [
        ('wrn', '–', '–', '–', 'failed', '–', '0'),
        ('b', '–', 'top-1 (%)', '76.3', 'not run', '–', '0'),
    ]
    assert Run.not_run('b.py', None).last('accuracy/top1') is None


def test_runs_from_different_backbones_are_not_repeats():
    runs = [Run(arm, _record(backbone=f'work_dirs/{arm}/backbone_last.safetensors')) for arm in ('agmax', 'baseline')]
    assert [row[1] for row in score_table(runs).rows] == [
        'agmax/backbone_last.safetensors',
        'baseline/backbone_last.safetensors',
    ]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (None, 'which a training run writes; got none'),
        ('{', 'expected JSON'),
        ('{"config": 1}', "got none of .'status'"),
    ],
)
def test_a_bad_result_file_is_named(tmp_path, text, message):
    if text is not None:
        (tmp_path / 'result.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        load_run(tmp_path)


def test_curve_skips_points_without_the_value():
    record = _record()
    record['history']['train'][0]['loss'] = None
    assert Run('a', record).curve('train', 'loss') == ([20.0], [1.0])


def test_page_escapes_text_and_asks_for_its_pictures(tmp_path):
    table = Table(('name', 'x|y'), [('<b>', '1')])
    assert markdown_table(table) == '| name  | x\\|y |\n| ----- | ---: |\n| \\<b\\> |    1 |'
    # A column of one character still needs a hyphen.
    assert markdown_table(Table(('a', 'n'), [('b', '3')])) == '| a  |  n |\n| -- | -: |\n| b  |  3 |'
    page = Page('A & B', 'lead', [Section('S', [Text('1 < 2'), table, Figure('a.png', 'the "picture"')])])
    html = render_html(page)
    assert '<h1>A &amp; B</h1>' in html
    assert '<p>1 &lt; 2</p>' in html
    assert '<td data-label="name">&lt;b&gt;</td>' in html
    assert 'alt="the &quot;picture&quot;"' in html
    with pytest.raises(ValueError, match=r"expected the picture 'a\.png'"):
        write_page(page, tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / 'a.png').touch()
    write_page(page, tmp_path)
    assert '![the "picture"](a.png)' in (tmp_path / 'report.md').read_text()
    with pytest.raises(ValueError, match='expected 2 cells'):
        Table(('a', 'b'), [('1',)])


def test_cells_may_lead_to_files():
    table = Table(('a', 'b'), [(Link('x_1 [y]', '../a b/"c".py'), 'z')])
    assert markdown_table(table).splitlines()[2] == r'| [x_1 \[y\]](../a%20b/%22c%22.py) |  z |'
    html = render_html(Page('x', 'y', [Section('z', [table])]))
    assert '<td data-label="a"><a href="../a%20b/%22c%22.py">x_1 [y]</a></td>' in html
    assert csv_table(table) == 'a,b\nx_1 [y],z\n'


def test_tables_as_csv_and_latex(tmp_path):
    table = Table(('name_1', 'mAP (%)'), [('a, "b" & c', '1.00 ± 0.50'), ('\\x{$}', '–')])
    assert csv_table(table) == 'name_1,mAP (%)\n"a, ""b"" & c",1.00 ± 0.50\n\\x{$},–\n'
    assert latex_table(table).splitlines() == [
        r'\begin{tabular}{lr}',
        r'\toprule',
        r'name\_1 & mAP (\%) \\',
        r'\midrule',
        r'a, "b" \& c & 1.00 $\pm$ 0.50 \\',
        r'\textbackslash{}x\{\$\} & -- \\',
        r'\bottomrule',
        r'\end{tabular}',
    ]
    page = Page('x', 'y', [Section('Scores, all', [table, table]), Section('Ω', [table])])
    written = write_page(page, tmp_path, ['csv', 'latex'])
    names = ['scores_all', 'scores_all_2', 'table']
    assert [path.name for path in written] == [f'{name}.{end}' for end in ('csv', 'tex') for name in names]
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert (tmp_path / 'table.csv').read_text() == csv_table(table)
    for formats in (['pdf'], []):
        with pytest.raises(ValueError, match='format: expected some of html, markdown, csv, latex'):
            write_page(page, tmp_path, formats)


def _config(folder, rate, **changes):
    _write(folder, **changes)
    record = json.loads((folder / 'result.json').read_text())
    (folder / 'result.json').write_text(json.dumps({**record, 'config_sha256': str(rate)}))
    (folder / 'wrn.py').write_text(f"model = dict(type='X')\noptim_wrapper = dict(optimizer=dict(lr={rate}))\n")


def test_runs_side_by_side_with_the_options_that_differ(tmp_path):
    for seed, last in enumerate([90.0, 92.0]):
        _config(tmp_path / 'a' / str(seed), 0.1, last=last, seed=seed)
    _config(tmp_path / 'b', 0.2, last=80.0)
    _config(tmp_path / 'c', 0.3, status='failed')
    table = comparison_table(find_runs([tmp_path / name for name in 'abc']))
    assert table.header == ('recipe', 'options that differ', 'top-1 (%)', 'n')
    assert table.rows == [
        ('wrn (a)', 'optim_wrapper.optimizer.lr=0.1', '91.00 ± 1.41', '2'),
        ('wrn (b)', 'optim_wrapper.optimizer.lr=0.2', '80.00', '1'),
    ]
    assert comparison_table(find_runs([tmp_path / 'a'])) is None
    assert comparison_table([Run('x', _record()), Run('y', _record(config='z.py'))]) is None


def test_curves_count_whole_epochs_and_seeds_are_one_line(tmp_path, monkeypatch):
    from matplotlib.figure import Figure as Canvas

    figures = []
    monkeypatch.setattr(Canvas, 'savefig', lambda self, *args, **kwargs: (args[0].touch(), figures.append(self)))
    runs = [Run(f'x/{seed}', _record(seed=seed, best=80.0 + seed, last=90.0)) for seed in (0, 2)]
    learning_curves({'x': runs}, tmp_path / 'curves.png', [('train', 'loss'), ('val', 'accuracy/top1')])
    train, val = figures[0].axes
    assert [line.get_xdata().tolist() for panel in (train, val) for line in panel.lines] == [[1, 2], [1, 2]]
    (line,) = val.lines
    assert line.get_ydata().tolist() == [81.0, 90.0]
    assert len(val.collections) == 1
    assert train.get_xlabel() == val.get_xlabel() == 'epoch'
    assert all(place == round(place) for place in val.get_xticks())
    steps = Run('y', _record())
    for point in steps.record['history']['val']:
        point['epoch'] = 0
    learning_curves({'y': [steps]}, tmp_path / 'steps.png', [('train', 'loss')])
    (panel,) = figures[1].axes
    assert (panel.get_xlabel(), panel.lines[0].get_xdata().tolist()) == ('step', [10, 20])


def test_curves_are_drawn_in_the_runs_colours(tmp_path):
    learning_curves(
        {'a': [Run('a', _record())]}, tmp_path / 'curves.png', [('train', 'loss'), ('val', 'accuracy/top1')]
    )
    image = cv2.cvtColor(cv2.imread(str(tmp_path / 'curves.png')), cv2.COLOR_BGR2RGB)
    blue = (np.abs(image.astype(int) - [0, 0x72, 0xB2]) < 6).all(axis=2)
    width = image.shape[1]
    assert blue[:, : width // 2].sum() > 100
    assert blue[:, width // 2 :].sum() > 100


def test_pictures_show_their_pixels_masks_and_boxes(tmp_path):
    red, green = (np.full((20, 20, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 255, 0)))
    picture_grid([[red, green]], tmp_path / 'grid.png', row_titles=['row'], captions=[['1', '2\n3']])
    image = cv2.cvtColor(cv2.imread(str(tmp_path / 'grid.png')), cv2.COLOR_BGR2RGB)
    columns = [np.nonzero((image == colour).all(axis=2))[1].mean() for colour in ((255, 0, 0), (0, 255, 0))]
    assert columns[0] < columns[1]

    mask = np.zeros((1, 40, 40), bool)
    mask[0, 20:30, 10:30] = True
    black = np.zeros((40, 40, 3), np.uint8)
    truth = {'image': black, 'boxes': np.array([[10, 20, 30, 30]]), 'labels': np.array([1]), 'masks': mask}
    nothing = {'image': black, 'boxes': np.zeros((0, 4)), 'labels': np.zeros(0, int), 'scores': np.zeros(0)}
    path = tmp_path / 'detections.png'
    detection_grid([[truth, nothing]], path, column_titles=['truth', 'model'], class_names=['0', '1'])
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB).astype(int)
    half = image.shape[1] // 2
    filled = (np.abs(image - 0.65 * np.array([0xD5, 0x5E, 0])) < 4).all(axis=2)
    outline = (np.abs(image - [0xD5, 0x5E, 0]) < 4).all(axis=2)
    assert filled[:, :half].sum() > 1000
    assert outline[:, :half].sum() > 100
    assert not filled[:, half:].any()
    assert not outline[:, half:].any()


def test_report_command(command, tmp_path):
    _write(tmp_path / 'runs' / 'wrn')
    config = 'configs/agmax/resnet50_cutmix_aa_270e.py'
    sources = [str(tmp_path / 'runs'), config, config.replace('agmax', 'baseline')]
    done = command('report', *sources, '--out', tmp_path / 'out')
    assert done.returncode == 0
    assert done.stdout == f'wrote {tmp_path / "out" / "index.html"}, {tmp_path / "out" / "report.md"}\n'
    text = (tmp_path / 'out' / 'report.md').read_text()
    assert '1 of 3 runs completed.' in text
    assert '## Error by epoch\n\n![Top-1 error on the validation set after each epoch.](errors_1.png)' in text
    scores = text.partition('## Scores')[2].partition('\n## ')[0]
    rows = [line for line in scores.splitlines() if 'resnet50_cutmix_aa_270e' in line and 'not run' in line]
    names = [line.split('|')[1].strip() for line in rows]
    assert names == [f'{family}/resnet50_cutmix_aa_270e' for family in ('agmax', 'agmax', 'baseline', 'baseline')]
    results = json.loads((tmp_path / 'out' / 'results.json').read_text())
    assert results['runs/wrn']['scores']['last']['accuracy/top1'] == 90.0
    with pytest.raises(ValueError, match="results: expected a result.json in 'nowhere'"):
        report.main(argparse.Namespace(sources=['nowhere'], out='x', title='', format=['html']))


def test_overview_without_runs_is_refused(tmp_path):
    with pytest.raises(ValueError, match='at least one run'):
        write_overview([], tmp_path, 'x')


def test_a_fine_tuning_stands_beside_the_figure_of_its_own_pre_training():
    entries = [
        {'row': 'CutMix+AA', 'pretraining': 'baseline/r50', 'metric': 'pascal_voc/mAP', 'value': 80.8},
        {'row': 'CutMix+AA with AgMax', 'pretraining': 'agmax/r50', 'metric': 'pascal_voc/mAP', 'value': 81.4},
    ]
    for pretraining, figures in (
        ('baseline/r50.py', {'pascal_voc/mAP': 80.8}),
        ('agmax/r50.py', {'pascal_voc/mAP': 81.4}),
        ('agmax/other.py', {}),
        (None, {}),
    ):
        assert Run('x', {**_record(), 'paper': entries, 'pretraining': pretraining}).paper() == figures
    two_tables = [{'metric': 'accuracy/top1', 'value': value} for value in (77.6, 77.5)]
    assert Run('x', {**_record(), 'paper': two_tables}).paper() == {'accuracy/top1': 77.6}
