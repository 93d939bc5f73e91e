"""The page of a report in a real browser: widths, sorting, filtering, light and dark, without a network."""

import json
import re
import shutil
import subprocess

import pytest

from agmax_mm.results.page import Figure, Page, Section, Table, Text
from agmax_mm.results.pictures import picture_grid
from agmax_mm.results.table_files import write_page

CHROMIUM = next(
    (path for name in ('chromium', 'chromium-browser', 'google-chrome') if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='there is no Chromium on this machine')

LONG = 'wrn40-2_cutmix_aa_200e_cifar10_with_a_name_that_nobody_would_type_twice/seed_{}/and_the_folder_of_the_run'
ROWS = [
    (LONG.format(0), 'agmax/backbone_last.safetensors', 'top-1 (%)', '77.4', '9.50 ± 0.43', '10.00', '3'),
    (LONG.format(1), '–', 'top-1 (%)', '–', '90.50 ± 0.43', '–', '12'),
    (LONG.format(2), '–', 'top-5 (%)', '–', '–', '–', '2'),
    ('b', '–', 'top-1 (%)', '–', '-3.00', '91.00', '1'),
    ('a', '–', 'top-1 (%)', '–', '+4.25', '1,234.5', '0'),
    ('c <b>', '–', 'failed', '–', 'failed', '–', '0'),
]
HEADER = ('recipe', 'backbone', 'metric', 'paper', 'ours (last)', 'ours (best)', 'n')

# What a page is asked: whether everything lies inside of its width, what the tables do, what it looks like.
QUESTIONS = """
const found = {};
const page = (width) => new Promise((done) => {
  const frame = document.createElement('iframe');
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  frame.onload = () => done(frame.contentDocument);
  frame.src = 'index.html';
  document.body.append(frame);
});
const outside = (doc, width) => [...doc.querySelectorAll('td, th, p, h1, h2, img, input, button')]
  .filter((part) => { const box = part.getBoundingClientRect(); return box.left < 0 || box.right > width + 0.5; })
  .map((part) => part.textContent.slice(0, 40) || part.tagName);
const broken = (doc) => [...doc.querySelectorAll('td:not(:first-child)')]
  .filter((cell) => /^[0-9.]+( ± [0-9.]+)?$/.test(cell.textContent))
  .filter((cell) => {
    const range = doc.createRange();
    range.selectNodeContents(cell);
    return range.getClientRects().length > 1;
  })
  .map((cell) => cell.textContent);
const column = (doc, number) => [...doc.querySelectorAll('table')[0].tBodies[0].rows]
  .filter((row) => row.getClientRects().length).map((row) => row.cells[number].textContent);
(async () => {
  for (const width of [400, 1200]) {
    const doc = await page(width);
    found[width] = { outside: outside(doc, width), broken: broken(doc),
      scrolls: doc.documentElement.scrollWidth - doc.documentElement.clientWidth,
      seen: column(doc, 4).length };
  }
  const doc = await page(1200);
  const [head] = doc.querySelectorAll('table')[0].tHead.rows;
  const click = (number) => head.cells[number].querySelector('button').click();
  click(4); found.ascending = column(doc, 4);
  click(4); found.descending = column(doc, 4);
  found.marks = [...head.cells].map((cell) => cell.getAttribute('aria-sort'));
  click(0); found.names = column(doc, 0).slice(0, 2);
  click(5); found.thousands = column(doc, 5);
  const field = doc.querySelector('input');
  const type = (words) => { field.value = words; field.dispatchEvent(new Event('input')); };
  type('TOP-1 seed'); found.filtered = column(doc, 6); found.note = doc.querySelector('[role=status]').textContent;
  type(''); found.all = column(doc, 6).length;
  found.fields = doc.querySelectorAll('input').length;
  found.colours = [doc.body, doc.querySelector('td')].map((part) => getComputedStyle(part).color);
  found.paper = getComputedStyle(doc.body).backgroundColor;
  found.requests = performance.getEntriesByType('resource').map((entry) => entry.name)
    .filter((name) => !name.startsWith('file:'));
  found.html = doc.querySelectorAll('td b').length;
  const answer = document.createElement('pre');
  answer.id = 'answer';
  answer.textContent = JSON.stringify(found);
  document.body.append(answer);
})();
"""


def _ask(folder, *options):
    (folder / 'ask.html').write_text(f'<!doctype html><meta charset="utf-8"><body><script>{QUESTIONS}</script></body>')
    command = [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--allow-file-access-from-files']
    command += ['--virtual-time-budget=20000', '--window-size=1300,1000', f'--user-data-dir={folder / "profile"}']
    done = subprocess.run(
        [*command, *options, '--dump-dom', (folder / 'ask.html').as_uri()], capture_output=True, text=True, timeout=300
    )
    answer = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)
    assert answer is not None, done.stderr[-2000:]
    return json.loads(__import__('html').unescape(answer[1]))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    import numpy as np

    folder = tmp_path_factory.mktemp('page')
    picture_grid([[np.zeros((20, 20, 3), np.uint8)] * 12], folder / 'wide.png')
    sections = [
        Section('Scores', [Text('What was measured. ' * 20), Table(HEADER, ROWS), Figure('wide.png', 'Twelve.')]),
        Section('Versions', [Table(('what', 'version'), [('torch', '2.12.1'), ('device', LONG)])]),
    ]
    write_page(Page('Results', LONG, sections), folder)
    return folder


def test_everything_is_within_the_page_and_tables_sort_and_filter(folder):
    found = _ask(folder)
    for width in (400, 1200):
        assert found[str(width)] == {'outside': [], 'scrolls': 0, 'broken': [], 'seen': 6}
    assert found['ascending'] == ['-3.00', '+4.25', '9.50 ± 0.43', '90.50 ± 0.43', 'failed', '–']
    assert found['descending'] == ['90.50 ± 0.43', '9.50 ± 0.43', '+4.25', '-3.00', 'failed', '–']
    assert found['marks'] == [None, None, None, None, 'descending', None, None]
    assert found['names'] == ['a', 'b']
    assert found['thousands'] == ['10.00', '91.00', '1,234.5', '–', '–', '–']
    assert sorted(found['filtered']) == ['12', '3']
    assert found['note'] == '2 of 6 rows'
    assert found['all'] == 6
    assert found['fields'] == 1  # short tables need none
    assert found['requests'] == []
    assert found['html'] == 0


def _lightness(colour):
    return sum(map(int, re.findall(r'\d+', colour)[:3])) / (3 * 255)


def test_light_and_dark(folder):
    """Letters and paper are far apart in both, and swapped."""
    light = _ask(folder, '--blink-settings=preferredColorScheme=1')
    dark = _ask(folder, '--blink-settings=preferredColorScheme=0')
    assert _lightness(light['paper']) > 0.9 > 0.3 > max(map(_lightness, light['colours']))
    assert _lightness(dark['paper']) < 0.1 < 0.7 < min(map(_lightness, dark['colours']))


def test_the_page_names_no_other_place(folder):
    text = (folder / 'index.html').read_text()
    assert re.findall(r'(?:src|href)="(?!wide\.png)|url\(|@import|https?:', text) == []
