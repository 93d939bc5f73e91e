"""The walk through the guides: commands in their order and place, times that add up, an end where one fails."""

import json
import re

import pytest

from tools import first_hour
from tools.walk.guides import blocks

TEXT = """
```bash
make demo
```
```python title="mine.py"
value = 1
```
```bash
test -f mine.py && touch found
sleep 0.2
```
<!-- slow -->
```bash
touch \\
    slow
```
<!-- cluster -->
```bash
touch cluster
```
"""


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A checkout whose Makefile notes what it was asked for, and a reader's folder."""
    monkeypatch.setattr(first_hour, 'guide', lambda name: blocks(TEXT if name == 'start' else '```bash\nfalse\n```\n'))
    root, folder = tmp_path / 'checkout', tmp_path / 'mine'
    root.mkdir()
    folder.mkdir()
    (root / 'Makefile').write_text('install demo:\n\t@echo $@ >> asked\n')
    return root, folder, tmp_path / 'hour'


def test_each_command_once_in_its_place(places):
    root, folder, out = places
    assert first_hour.walk(['start'], folder, out, root=root) == 0
    assert (root / 'asked').read_text().split() == ['install', 'demo']
    assert sorted(path.name for path in folder.iterdir()) == ['found', 'mine.py', 'slow']
    steps = json.loads(out.with_suffix('.json').read_text())['steps']
    assert [step['command'].split()[0] for step in steps] == ['make', 'make', 'test', 'sleep', 'touch']
    assert steps[3]['seconds'] >= 0.2
    assert steps[-1]['at_seconds'] >= sum(step['seconds'] for step in steps)


def test_the_walk_ends_where_a_command_fails_and_the_page_says_so(places):
    root, folder, out = places
    assert first_hour.walk(['images', 'start'], folder, out, root=root) == 1
    first_hour.render(out)
    page = out.with_suffix('.md').read_text()
    assert 'The last command failed' in page
    assert re.search(r'images +\| +false +\|', page)
    assert 'make demo' not in page
    before = out.with_suffix('.json').read_text()
    first_hour.render(out)  # again, on another day: the setup is that of the walk
    assert out.with_suffix('.json').read_text() == before


@pytest.mark.parametrize(
    ('seconds', 'text'), [(0.04, '0.0 s'), (59.9, '59.9 s'), (61.2, '1 min 01 s'), (600, '10 min 00 s')]
)
def test_times(seconds, text):
    assert first_hour._time(seconds) == text


def test_a_fence_that_is_not_understood():
    with pytest.raises(ValueError, match='a fence that is not understood'):
        blocks('```bash \nls\n```\n')
