"""The rooms of the package: every arrow points down, no files import each other in a circle, the maths stands alone."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

# A room may import the rooms of the rows below its own, and itself. Rooms that are not there yet are named, too.
ROWS = [
    ['__main__'],
    ['commands'],
    ['demo'],
    ['experiments'],
    ['robustness', 'prediction'],
    ['transfer'],
    ['results'],
    ['engine'],
    ['detection', 'localization', 'speech', 'captioning'],
    ['models', 'doctor'],
    ['batch_augments', 'datasets', 'checkpoints', 'operators'],
    [
        *(
            'cli',
            'config_text',
            'fileio',
            'findings',
            'host',
            'host_imports',
            'launcher',
            'locks',
            'machine',
            'metrics',
            'moved_names',
            'multimodal',
            'progress',
            'randomness',
            'ranks',
            'recipe_files',
        ),
        *('registry', 'safe_reading', 'schedule_times', 'signals', 'temporary', 'wording'),
    ],
    ['functional'],
]
ROW_OF = {room: row for row, rooms in enumerate(ROWS) for room in rooms}

# Arrows that point up and stay, each with its reason.
ALLOWED = {
    # The host imports these modules when it builds a type by its name: a registry is the index of what is above it.
    'registry': {'models', 'datasets', 'batch_augments', 'engine', 'localization', 'speech', 'transfer', 'captioning'},
}


class Reference(NamedTuple):
    """One module that a file names."""

    line: int
    module: str


def references(path: Path) -> list[Reference]:
    """Modules that a file imports, also inside functions, and those whose dotted names it holds as strings."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found += [Reference(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}:{node.lineno}: expected an import by its full name'
            # The name may be that of a module or of something in it.
            found += [Reference(node.lineno, f'{node.module}.{alias.name}') for alias in node.names]
        elif isinstance(node, ast.Constant) and re.fullmatch(r'agmax_mm(\.\w+)+', str(node.value)):
            found.append(Reference(node.lineno, str(node.value)))
    return found


def arrows_up(package: Path) -> list[str]:
    """References to rooms that are not below, one line each."""
    faults = []
    for path in sorted(package.rglob('*.py')):
        room = path.relative_to(package).parts[0].removesuffix('.py')
        if room == '__init__':
            continue
        if room not in ROW_OF:
            faults.append(f'{path}: the room {room!r} has no place in the table of rooms')
            continue
        for line, module in references(path):
            other = module.split('.')[1] if module.startswith('agmax_mm.') else room
            # Registered types (agmax_mm.CutMix) and __version__ are no rooms.
            if other == room or other not in ROW_OF or other in ALLOWED.get(room, ()):
                continue
            small = ROW_OF[room] == ROW_OF[other] == ROW_OF['cli']
            if ROW_OF[other] <= ROW_OF[room] and not small:
                faults.append(f'{path}:{line}: {room} must not know {other} ({module})')
    return faults


def circles(package: Path) -> list[set[str]]:
    """Groups of files that import each other, each as the names of its modules."""
    files = {}
    for path in package.rglob('*.py'):
        parts = path.relative_to(package.parent).with_suffix('').parts
        files['.'.join(parts[:-1] if parts[-1] == '__init__' else parts)] = path
    edges: dict[str, set[str]] = {}
    for name, path in files.items():
        targets = {module if module in files else module.rpartition('.')[0] for _, module in references(path)}
        edges[name] = {target for target in targets if target in files and target != name}
    edges.update((name, set()) for name in ('agmax_mm', 'agmax_mm.registry') if name in edges)  # index and version
    reachable = {name: _reachable(name, edges) for name in edges}
    groups = {frozenset(other for other in reachable[name] if name in reachable[other]) for name in edges}
    return sorted((set(group) for group in groups if len(group) > 1), key=sorted)


def _reachable(start: str, edges: dict[str, set[str]]) -> set[str]:
    seen, left = set(), [start]
    while left:
        new = edges[left.pop()] - seen
        seen |= new
        left += new
    return seen


def test_arrows_between_rooms_point_down():
    assert arrows_up(ROOT / 'agmax_mm') == []


def test_no_files_import_each_other_in_a_circle():
    assert circles(ROOT / 'agmax_mm') == []


def test_the_maths_knows_nothing_of_openmmlab():
    faults = [
        f'{path}:{line}: {module}'
        for path in sorted((ROOT / 'agmax_mm' / 'functional').rglob('*.py'))
        for line, module in references(path)
        if module.startswith('mm') or (module.startswith('agmax_mm.') and module.split('.')[1] != 'functional')
    ]
    assert faults == []


@pytest.mark.parametrize(
    ('file', 'text', 'faults'),
    [
        ('models/net.py', 'from agmax_mm.batch_augments.mixing import CutMix', []),
        ('models/net.py', 'from agmax_mm.engine import runner', [':1: models must not know engine']),
        ('models/net.py', 'def f():\n    import agmax_mm.engine.runner', [':2: models must not know engine']),
        ('datasets/cifar.py', 'x = "agmax_mm.models.net.Net"', [':1: datasets must not know models']),
        ('datasets/cifar.py', 'from agmax_mm.batch_augments import x', [':1: datasets must not know batch_augments']),
        ('datasets/cifar.py', 'x = dict(type="agmax_mm.CutMix")', []),
        ('fileio.py', 'from agmax_mm.host import unwrap', []),
        ('fileio.py', 'from agmax_mm import results', [':1: fileio must not know results']),
        ('attic/old.py', '', ["the room 'attic' has no place"]),
    ],
)
def test_an_arrow_that_points_up_is_found(tmp_path, file, text, faults):
    path = tmp_path / 'agmax_mm' / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    found = arrows_up(tmp_path / 'agmax_mm')
    assert len(found) == len(faults)
    assert all(fault in line for fault, line in zip(faults, found, strict=True))


def test_a_circle_is_found(tmp_path):
    package = tmp_path / 'agmax_mm'
    package.mkdir()
    (package / '__init__.py').write_text('')
    (package / 'a.py').write_text('from agmax_mm.b import f')
    (package / 'b.py').write_text('def f():\n    from agmax_mm import c')
    (package / 'c.py').write_text('import agmax_mm.a')
    (package / 'd.py').write_text('import agmax_mm.a')
    assert circles(package) == [{'agmax_mm.a', 'agmax_mm.b', 'agmax_mm.c'}]
