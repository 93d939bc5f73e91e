"""The folder of a run: its default, and that no run takes another one's place or weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import master_only

from agmax_mm.checkpoints.files import STOPPED
from agmax_mm.engine.hashes import config_hash, setup_hash
from agmax_mm.fileio import RESULT_FILE
from agmax_mm.wording import first_names

# What a run leaves behind and another run would take for its own.
_CHECKPOINTS = ('epoch_*.pth', 'iter_*.pth', STOPPED.format('*'))
_OF_A_RUN = (RESULT_FILE, 'last_checkpoint', *_CHECKPOINTS, 'best_*.pth', 'backbone_*.safetensors')


def default_work_dir(config_path: str) -> str:
    """``work_dirs/<family>/<name>`` for a recipe below a folder ``configs``, ``work_dirs/<name>`` elsewhere."""
    path = Path(config_path).resolve()
    parents = list(path.parts[:-1])
    place = max((place for place, part in enumerate(parents) if part == 'configs'), default=len(parents))
    return str(Path('work_dirs', *parents[place + 1 :], path.stem))


def check_earlier_folder(folder: str, config_path: str) -> None:
    """Refuse to resume in a folder without a run where the folder that earlier versions took holds one.

    Earlier versions put the runs of all families into ``work_dirs/<name>``.

    Args:
        folder: The default work directory of the config.
        config_path: The config file.

    Raises:
        ValueError: If the run is in the other folder.
    """
    earlier = Path('work_dirs', Path(config_path).stem)
    if _record(Path(folder)) is None and _record(earlier) is not None:
        raise ValueError(
            f'--resume: expected a run in {folder!r}, got none, but one of an earlier version in {str(earlier)!r}; '
            f'--work-dir {earlier} goes on with that one'
        )


def check_work_dir(config: Config, *, resume: bool) -> None:
    """Refuse a folder that holds another run, or, where nothing is resumed, a finished one or one with checkpoints.

    Two runs are the same if their configs differ in the length, the seed and the machine alone.

    Args:
        config: The complete config of the run that is to begin.
        resume: Whether it goes on from what is in the folder.

    Raises:
        ValueError: If the folder is to be kept.
    """
    folder = Path(config.work_dir)
    record = _record(folder)
    ways = '--work-dir takes another folder, --force this one in any case'
    if record is not None:
        _check_record(record, config, resume=resume, ways=ways)

    kept = sorted(path.name for pattern in _CHECKPOINTS for path in folder.glob(pattern))
    if kept and not resume:
        # Later, the checkpoints of both would be taken for those of one run.
        raise ValueError(
            f'work dir {str(folder)!r}: expected no checkpoints of a run that has not ended, got {first_names(kept)}; '
            f'--resume goes on with it, {ways}'
        )


def _check_record(record: dict[str, Any], config: Config, *, resume: bool, ways: str) -> None:
    folder = Path(config.work_dir)
    same = record.get('setup_sha256') == setup_hash(config) or record.get('config_sha256') == config_hash(config)
    if not same and 'setup_sha256' not in record:
        raise ValueError(
            f'work dir {str(folder)!r}: expected no run or one of this config, got a run of {record.get("config")!r} '
            'by an earlier version, whose record does not tell whether its settings are these; if they are, --resume '
            f'--force goes on with it; {ways}'
        )
    if not same:
        raise ValueError(
            f'work dir {str(folder)!r}: expected no run or one of this config, got a run of {record.get("config")!r} '
            f'with other settings; {ways}'
        )
    if record.get('status') == 'completed' and not resume:
        raise ValueError(
            f'work dir {str(folder)!r}: expected no finished run, got one of {record.get("epochs")} epochs; --resume '
            f'goes on with it, {ways}'
        )


@master_only
def clear_work_dir(folder: str) -> None:
    """Remove the record, checkpoints and backbones of an earlier run."""
    for pattern in _OF_A_RUN:
        for path in Path(folder).glob(pattern):
            path.unlink()


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / RESULT_FILE).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
