"""Checkpoints that a kill at any place leaves in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import CheckpointHook

from agmax_mm.registry import HOOKS


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """The host's hook with these differences, all for runs that are killed or whose disk is full.

    - The earlier best checkpoint goes when the new one and the run's own are written, so that there always is one; what
      an earlier process left beside it goes, too.
    - A resumed run knows its last checkpoint, which is written anew when it turns out to be the best.
    - A best checkpoint that is noted and missing is forgotten, with a warning: the next one counts as the best.

    Takes the host's place under its name, see :class:`agmax_mm.engine.runner.Runner`.
    """

    lost_best = False

    def before_train(self, runner: Any) -> None:
        """Go on from what the resumed checkpoint notes."""
        noted = runner.message_hub.runtime_info
        for key, path in list(noted.items()):
            if key.startswith('best_ckpt') and isinstance(path, str) and '://' not in path and not Path(path).exists():
                runner.logger.warning(f'checkpoint: {path!r} is missing, the best one from here on is kept')
                self.lost_best = True
                noted.pop(key)
                noted.pop(key.replace('best_ckpt', 'best_score'), None)
        super().before_train(runner)
        self.last_ckpt = noted.get('last_ckpt')

    def _save_best_checkpoint(self, runner: Any, metrics: Any) -> None:
        if not self.save_best:
            return
        # The host removes the best checkpoint that it knows of before it writes the next one.
        before = self._take_best()
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            best = self._take_best()
            # 'auto' stands for the first metric until there is one.
            self._set_best({key: best[key] or before.get(key) or before.get('auto') for key in self.key_indicators})
        for key, path in self._take_best(keep=True).items():
            if path is not None and '://' not in str(path):
                _remove_others(Path(path), f'best_{key}_{self.filename_tmpl}'.replace('/', '_'))

    def _take_best(self, *, keep: bool = False) -> dict[str, Any]:
        """The paths of the best checkpoints by metric, which the hook then no longer knows."""
        if len(self.key_indicators) == 1:
            best = {self.key_indicators[0]: self.best_ckpt_path}
        else:
            best = {key: self.best_ckpt_path_dict.get(key) for key in self.key_indicators}
        if not keep:
            self._set_best(dict.fromkeys(self.key_indicators))
        return best

    def _set_best(self, best: dict[str, Any]) -> None:
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = best[self.key_indicators[0]]
        else:
            self.best_ckpt_path_dict = best


@master_only
def _remove_others(path: Path, template: str) -> None:
    """Remove the files beside ``path`` whose names differ from its own in the number alone."""
    if not path.is_file():
        return
    name = re.compile(re.escape(template).replace(r'\{\}', r'\d+'))
    for other in path.parent.iterdir():
        if other.name != path.name and name.fullmatch(other.name):
            other.unlink(missing_ok=True)
