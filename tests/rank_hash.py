"""A hook for tests: every rank writes down a digest of its weights, parameter by parameter, when training ends."""

import hashlib
import json
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from agmax_mm.registry import HOOKS


@HOOKS.register_module()
class RankHashHook(Hook):
    priority = 'LOWEST'

    def before_train(self, runner) -> None:
        self._write(runner, 'before')

    def after_train(self, runner) -> None:
        self._write(runner, 'after')

    def _write(self, runner, moment) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        digests = {
            name: hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
            for name, tensor in model.state_dict().items()
        }
        path = Path(runner.work_dir) / f'{moment}-rank{runner.rank}.json'
        path.write_text(json.dumps({'world_size': runner.world_size, 'digests': digests}))
