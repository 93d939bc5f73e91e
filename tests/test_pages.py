"""The built pages in a real browser, from disk: links, the search, tables that sort, narrow and wide screens."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from tests.results.test_browser import CHROMIUM

ROOT = Path(__file__).parents[1]
QUESTIONS = """
const found = {};
const wait = (time) => new Promise((done) => setTimeout(done, time));
const page = (address, width) => new Promise((done) => {
  const frame = document.createElement('iframe');
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  frame.onload = () => done(frame.contentDocument);
  frame.src = address;
  document.body.append(frame);
});
(async () => {
  const recipes = await page('recipes.html', 1200);
  await wait(500);
  const table = recipes.querySelector('table');
  const column = (number) => [...table.tBodies[0].rows].filter((row) => !row.hidden)
    .map((row) => row.cells[number].textContent);
  table.tHead.rows[0].cells[7].querySelector('button').click();
  found.cheapest = column(7).slice(0, 2);
  const field = recipes.querySelector('input.filter');
  field.value = 'agmax wrn28-10 cifar100';
  field.dispatchEvent(new Event('input'));
  found.filtered = column(0);
  for (const width of [400, 1200]) {
    for (const name of ['index', 'method', 'guides/images', 'recipes', 'reference/models']) {
      const doc = await page(`${name}.html`, width);
      await wait(300);
      found[`${name} ${width}`] = doc.documentElement.scrollWidth - doc.documentElement.clientWidth;
    }
  }
  const home = await page('index.html', 1200);
  await wait(500);
  const query = home.querySelector('input.md-search__input');
  query.focus();
  query.value = 'mutual information';
  query.dispatchEvent(new Event('input', { bubbles: true }));
  query.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true }));
  for (let time = 0; time < 40 && !home.querySelector('.md-search-result__link'); time += 1) await wait(500);
  found.hits = [...home.querySelectorAll('.md-search-result__link')].slice(0, 5).map((link) => link.textContent.trim());
  const answer = document.createElement('pre');
  answer.id = 'answer';
  answer.textContent = JSON.stringify(found);
  document.body.append(answer);
})();
"""


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """What `make docs` builds; a warning is an error."""
    pytest.importorskip('mkdocs')
    folder = tmp_path_factory.mktemp('pages')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--quiet', '--strict', '--site-dir', str(folder)]
    settings = {**os.environ, 'PYTHONPATH': str(ROOT), 'NO_MKDOCS_2_WARNING': '1'}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_links_lead_to_files_and_no_other_place_is_asked(site):
    faults, others = [], set()
    for file in site.rglob('*.html'):
        text = re.sub(r'<pre.*?</pre>', '', file.read_text(encoding='utf-8'), flags=re.DOTALL)
        for name, target in re.findall(r'<(\w+)[^>]*?\s(?:href|src)="([^"#]+)[#"]', text):
            parts = urlparse(html.unescape(target))
            if parts.scheme or parts.netloc:
                others |= {(name, parts.netloc)} if name != 'a' else set()
            elif not (file.parent / unquote(parts.path)).exists() and file.name != '404.html':
                faults.append(f'{file.relative_to(site)}: {target}')
    assert faults == []
    assert others == set()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason='there is no Chromium on this machine')
def test_search_and_tables_from_disk(site, tmp_path):
    (site / 'ask.html').write_text(f'<!doctype html><meta charset="utf-8"><body><script>{QUESTIONS}</script></body>')
    command = [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--allow-file-access-from-files']
    command += ['--virtual-time-budget=60000', '--window-size=1300,1000', f'--user-data-dir={tmp_path}', '--dump-dom']
    done = subprocess.run([*command, (site / 'ask.html').as_uri()], capture_output=True, text=True, timeout=300)
    answer = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)
    assert answer is not None, done.stderr[-2000:]
    found = json.loads(html.unescape(answer[1]))
    assert found['cheapest'] == ['10 M', '10 M']
    assert len(found['filtered']) == 8
    assert all('agmax/wrn28-10' in name for name in found['filtered'])
    assert {name: wide for name, wide in found.items() if isinstance(wide, int) and wide > 0} == {}
    assert any('utual information' in hit for hit in found['hits']), found['hits']


def test_docstrings_become_markdown():
    pytest.importorskip('griffe')
    from tools.docs.docstrings import as_markdown

    text = 'See :func:`~a.b.c` and :class:`D`.\n\n.. math::\n    x = 1, \\qquad\n    y\n\nwhere :math:`x_i` is.'
    assert as_markdown(text, 'm.n') == (
        'See <autoref optional identifier="a.b.c"><code>c</code></autoref> and '
        '<autoref optional identifier="m.n.D"><code>D</code></autoref>.\n\n$$ x = 1, \\qquad y$$\n\nwhere $x_i$ is.'
    )
