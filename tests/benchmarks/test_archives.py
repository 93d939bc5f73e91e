"""The suite of archives, on a few small pictures."""

from benchmarks.suites import archives
from benchmarks.suites.suite import Options, write_outcome


def test_the_suite_writes_its_page(monkeypatch, tmp_path):
    monkeypatch.setattr(archives, '_IMAGES', 12)
    monkeypatch.setattr(archives, '_DECODED', 3)
    monkeypatch.setattr(archives, '_CLASSES', 2)
    monkeypatch.setattr(archives, '_SHARDS', 3)
    monkeypatch.setattr(archives, '_PICTURES', 2)
    emptied = []
    monkeypatch.setattr(archives, 'drop_caches', lambda: emptied.append(1) or True)
    outcome = archives.run(Options(rounds=2, images=None, say=lambda line: None))
    write_outcome(outcome, {}, 'archives', tmp_path)
    assert len(emptied) == 1 + 2 * 5  # asked once, then before each of five forms in two rounds
    seconds = outcome.values['seconds']
    assert list(seconds) == ['cold', 'warm', 'views']
    for found in seconds.values():
        assert {name: len(times) for name, times in found.items()} == dict.fromkeys(
            ('files', 'tar', 'zip', 'shards', 'tar of tars'), 2
        )
    page = (tmp_path / 'archives.md').read_text(encoding='utf-8')
    assert '12 JPEG files of' in page
    monkeypatch.setattr(archives, 'drop_caches', lambda: False)
    outcome = archives.run(Options(rounds=1, images=None, say=lambda line: None))
    assert 'could not be emptied' in outcome.lead
    assert 'cold' not in outcome.values['seconds']
