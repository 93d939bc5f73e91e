"""Damaged result files, and names with markup: a report or one clear line."""

import copy
import json
import random
import re
import warnings

import pytest

from agmax_mm.results.escape import in_lines, latex_text, markdown_text
from agmax_mm.results.html_page import render_html
from agmax_mm.results.overview import write_overview
from agmax_mm.results.page import Page, Section, Table, Text, render_markdown
from agmax_mm.results.reading import read_json
from agmax_mm.results.runs import Run, find_runs, load_run
from agmax_mm.results.tables import comparison_table, run_table, score_table
from tests.results.records import record

ODD = [
    None, True, 0, -1, 1.5, 1e308, 10**400, '', 'text', '\x00', '\ud800', '<b>', '$x_{', 'a\nb', '../..', [], {}, [[]],
    {'': None}, [None], {'a': {'b': []}}, float('nan'), float('inf'), ['x'] * 3, 'x' * 5000,
]  # fmt: skip
NAMES = [
    '<img src=x onerror=alert(1)>', '$\\frac{1}{', 'a|b', '*x* _y_ `z`', '[a](javascript:b)', '訓練 Обучение', '&amp;',
]  # fmt: skip


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _changed(content, path, change):
    content = copy.deepcopy(content)
    if not path:
        return change(content)
    node = content
    for key in path[:-1]:
        node = node[key]
    if change is None:
        del node[path[-1]]
    else:
        node[path[-1]] = change(node[path[-1]])
    return content


def _mutations():
    """Every part of a record taken out, and every part replaced by odd values."""
    whole = record(backbone='w/backbone.safetensors')
    whole['metrics'] = {'own/x': {'name': 'own/x', 'title': 'x', 'unit': '', 'higher_is_better': False}}
    whole['pretraining'], whole['config_sha256'] = 'agmax/a.py', 'abc'
    generator = random.Random(0)
    for path in _places(whole):
        if path:
            yield path, _changed(whole, path, None)
        for odd in generator.sample(ODD, 8):
            yield path, _changed(whole, path, lambda _, odd=odd: odd)


def _outcome(folder):
    """``'shown'``, or the message of a ``ValueError``."""
    try:
        run = load_run(folder)
        tables = [score_table([run, run]), run_table([run]), comparison_table([run, run])]
        page = Page('x', 'y', [Section('z', [table for table in tables if table])])
        json.dumps(run.record, allow_nan=False)
        (render_html(page) + render_markdown(page)).encode('utf-8')
        for split, key in (('train', 'loss'), ('val', 'accuracy/top1')):
            run.curve(split, key)
        run.errors_by_epoch()
        run.steps_per_epoch()
        run.best('error/top1')
    except ValueError as error:
        return str(error)
    return 'shown'


def test_damaged_records_end_in_a_report_or_one_clear_line(tmp_path):
    """Found by mutation: nothing but a line that names the file may come out."""
    vague, shown, count = [], 0, 0
    for path, content in _mutations():
        count += 1
        (tmp_path / 'result.json').write_text(json.dumps(content))
        try:
            outcome = _outcome(tmp_path)
        except Exception as error:
            vague.append(f'{path}: {type(error).__name__}: {error}')
            continue
        clear = re.match(r'results: expected .*got ', outcome) and str(tmp_path) in outcome and '\n' not in outcome
        shown += outcome == 'shown'
        if outcome != 'shown' and not clear:
            vague.append(f'{path}: {outcome}')
    assert not vague, '\n'.join(vague[:20])
    assert count > 400
    assert 0 < shown < count / 2


def test_cut_and_foreign_files_are_named(tmp_path):
    path, text = tmp_path / 'result.json', json.dumps(record()).encode()
    contents = [text[:length] for length in range(0, len(text), 40)]
    contents += [b'\xff\xfe', b'[' * 100_000, b'null', b'[]', b'"text"', b'1', text.decode().encode('utf-16')]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r'^results: expected ') as caught:
            load_run(tmp_path)
        assert str(path) in str(caught.value)
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match='expected a file that can be read'):
        read_json(path, 'results')


def test_detections_are_checked_before_they_are_drawn(tmp_path):
    from agmax_mm.results.detections import load_detections

    objects = {'boxes': [[0.0, 0.0, 4.0, 4.0]], 'labels': [0]}
    mask = {'size': [2, 2], 'counts': [1, 3]}
    whole = {
        'classes': ['a'],
        'rule': 'coco',
        'recall': [0.0, 1.0],
        'score': 0.4,
        'curves': {'a': {'objects': 1, 'ap50': 0.5, 'precision50': [1.0, 0.5]}},
        'pictures': [{'path': 'x.png', 'truth': objects, 'found': {**objects, 'scores': [0.5], 'masks': [mask]}}],
    }
    path, run = tmp_path / 'detections.json', Run('x', {}, tmp_path)
    whole = json.loads(json.dumps(whole))  # no part is shared
    path.write_text(json.dumps(whole))
    assert load_detections(run) == whole
    for place, odd, message in (
        (('pictures', 0, 'found', 'labels', 0), 7, 'labels below 1 at pictures.0.found, got 7'),
        (('pictures', 0, 'found', 'scores'), [], 'as many scores as boxes at pictures.0.found, got 0 and 1'),
        (('pictures', 0, 'found', 'masks', 0, 'counts'), [1, 2], 'run lengths of whole masks'),
        (('pictures', 0, 'path'), None, 'text at pictures.0.path, got None'),
        (('curves', 'a', 'precision50'), [1.0], '2 values at curves.a.precision50, got 1'),
        (('curves', 'a', 'ap50'), 'x', "a number .* at curves.a.ap50, got 'x'"),
        (('classes',), 'a', "a list at classes, got 'a'"),
    ):
        path.write_text(json.dumps(_changed(whole, place, lambda _, odd=odd: odd)))
        with pytest.raises(ValueError, match=f'^detections: expected in .*{message}'):
            load_detections(run)


def test_names_are_shown_as_they_are(tmp_path):
    """In all forms: no HTML, no Markdown, no formula, no box in place of a letter, and nothing that ends the report."""
    for number, name in enumerate(NAMES):
        folder = tmp_path / 'runs' / name.replace('/', '∕')
        folder.mkdir(parents=True)
        (folder / 'result.json').write_text(json.dumps(record(config=f'{name}.py', last=80.0 + number)))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        write_overview(find_runs([tmp_path / 'runs']), tmp_path / 'out', '<script>alert(1)</script> $x$')
    page, markdown = ((tmp_path / 'out' / name).read_text() for name in ('index.html', 'report.md'))
    assert '<img src=x' not in page
    assert page.count('<script>') == 1
    assert re.search(r'(?<!\\)<(img|script)', markdown) is None
    for name in NAMES:
        assert name in __import__('html').unescape(page)


def test_letters_that_no_font_has_are_spelled_out():
    from matplotlib.figure import Figure

    from agmax_mm.results import letters

    figure = Figure()
    panel = figure.subplots()
    panel.set_title('a $x$ \U0010abcd')
    letters.make_texts_drawable(figure)
    assert panel.title.get_text() == 'a $x$ \\U0010abcd'
    assert not panel.title.get_parse_math()


@pytest.mark.parametrize(
    ('text', 'markdown', 'latex'),
    [
        ('resnet50_cutmix_aa', 'resnet50_cutmix_aa', r'resnet50\_cutmix\_aa'),
        ('_x_ *y*', r'\_x\_ \*y\*', r'\_x\_ *y*'),
        ('<b>', r'\<b\>', r'\textless{}b\textgreater{}'),
        ('a|b\nc', r'a\|b c', r'a\textbar{}b c'),
        ('R&amp;D & co', r'R\&amp;D & co', r'R\&amp;D \& co'),
        ('50 % ~ 3^2', r'50 % \~ 3^2', r'50 \% \textasciitilde{} 3\textasciicircum{}2'),
        ('[a](b) `c` \\ $d$', r'\[a\](b) \`c\` \\ \$d\$', r'[a](b) `c` \textbackslash{} \$d\$'),
    ],
)
def test_escapes(text, markdown, latex):
    assert (markdown_text(text), latex_text(text)) == (markdown, latex)


def test_long_names_fit_into_pictures():
    name = '/'.join(f'part{number}' for number in range(400))
    lines = in_lines(name, 40).split('\n')
    assert max(map(len, lines)) <= 40
    assert len(lines) <= 6
    assert (lines[0][:6], lines[-1][-7:]) == ('part0/', 'part399')
    assert in_lines('a b', 40) == 'a b'


def test_paragraphs_hold_no_html():
    page = Page('x', 'y', [Section('z', [Text('a <b>c</b> < d'), Table(('e',), [])])])
    assert render_markdown(page).count(r'\<') == 2
