"""Hooks at both ends of a transfer: write the backbone when pre-training ends, load it before fine-tuning begins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from agmax_mm.fileio import RESULT_FILE
from agmax_mm.host import unwrap
from agmax_mm.models.contract import preprocessing_contract
from agmax_mm.registry import HOOKS
from agmax_mm.transfer.backbone import CONTRACT_MODES, load_backbone, read_backbone
from agmax_mm.transfer.export import write_export


@HOOKS.register_module()
class LoadBackboneHook(Hook):
    """Load a pre-trained backbone before training, completely or not at all.

    Differs from the host's ``init_cfg=dict(type='Pretrained')``, which only warns when tensors don't match. Runs after
    the model is wrapped for data parallelism: every rank loads the same file. A resumed run keeps its own weights.

    Args:
        checkpoint: Exported backbone or training checkpoint. None trains from scratch, and the log says so.
        contract: What to do about the preprocessing, see :func:`~agmax_mm.transfer.backbone.load_backbone`.

    Raises:
        ValueError: If ``contract`` is unknown; before training, if the file doesn't fit the model or if ``load_from``
            names another source of weights.
    """

    priority = 'HIGH'

    def __init__(self, checkpoint: str | None = None, contract: str = 'check') -> None:
        if contract not in CONTRACT_MODES:
            raise ValueError(f'LoadBackboneHook: expected contract in {", ".join(CONTRACT_MODES)}, got {contract!r}')
        self.checkpoint = checkpoint
        self.contract = contract

    def before_train(self, runner: Runner) -> None:
        """Load the weights into ``runner.model.backbone``, unless the run was resumed."""
        if runner.iter > 0:
            runner.logger.info(f'backbone: kept as resumed at iteration {runner.iter}')
            return
        if self.checkpoint is None:
            runner.logger.info('backbone: no checkpoint given, training from scratch')
            _warn_of_random_weights(runner)
            return
        load_from = runner.cfg.get('load_from')
        if load_from:
            raise ValueError(
                'expected one source of initial weights, got two: '
                f'load_from={load_from!r} and default_hooks.backbone.checkpoint={self.checkpoint!r}'
            )
        backbone = load_backbone(runner.model, self.checkpoint, self.contract)
        runner.message_hub.update_info('pretraining', backbone.info.get('recipe'))
        runner.logger.info(f'backbone: loaded {self.checkpoint} ({backbone.summary()}), every tensor matched')


def _warn_of_random_weights(runner: Runner) -> None:
    model = unwrap(runner.model)
    frozen = getattr(getattr(model, 'backbone', None), 'frozen_stages', -1)
    if frozen >= 0:
        advice = 'set model.backbone.frozen_stages=-1 and model.backbone.norm_eval=False'
        runner.logger.warning(f'backbone: frozen_stages={frozen} keeps random weights; {advice}')
    # Of captioners. Weights may come from elsewhere.
    elif getattr(model, 'freeze_backbone', False) and not _names_weights(runner.cfg):
        advice = 'set default_hooks.backbone.checkpoint=FILE, or model.freeze_backbone=False'
        runner.logger.warning(f'backbone: freeze_backbone=True keeps random weights; {advice}')


def _names_weights(config: Any) -> bool:
    backbone = (config.get('model') or {}).get('backbone')
    parts = backbone if isinstance(backbone, dict) else {}
    return bool(config.get('load_from') or any(parts.get(key) for key in ('init_cfg', 'pretrained')))


@HOOKS.register_module()
class BackboneExportHook(Hook):
    """When training ends, write the backbones of the last and the best checkpoint, ready for detection.

    They appear in the work directory as ``backbone_last.safetensors`` and ``backbone_best.safetensors``. They are
    taken from the checkpoint files, so that they equal what the scores were measured on: with an exponential moving
    average, its weights and not the raw ones.
    """

    # After the checkpoint hook, whose files it reads.
    priority = 'LOWEST'

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Export what checkpoints there are."""
        for name, key in (('last', 'last_ckpt'), ('best', 'best_ckpt')):
            checkpoint = self._noted_file(runner, key)
            if checkpoint is None:
                runner.logger.warning(f'backbone: the run kept no {name} checkpoint, nothing to export')
                continue
            backbone = read_backbone(checkpoint)
            if backbone.contract is None:
                backbone.info['contract'] = preprocessing_contract(runner.model)
            # A checkpoint is written before it is validated: its own scores are those of an earlier one.
            scores = self._scores(runner, name)
            if scores is not None:
                backbone.info['scores'] = scores
            target = Path(runner.work_dir) / f'backbone_{name}.safetensors'
            write_export(backbone, target)
            runner.logger.info(f'backbone: wrote {target} ({backbone.summary()})')

    @staticmethod
    def _scores(runner: Runner, name: str) -> dict[str, Any] | None:
        """The last validation's scores, or the best ones, as far as the run's record knows them."""
        path = Path(runner.work_dir) / RESULT_FILE
        return json.loads(path.read_text(encoding='utf-8'))['scores'][name] if path.is_file() else None

    @staticmethod
    def _noted_file(runner: Runner, key: str) -> str | None:
        # With several metrics in `save_best` the host notes `best_ckpt_<metric>` for each; the first one counts.
        paths = [path for name, path in runner.message_hub.runtime_info.items() if name.startswith(key)]
        return next((path for path in paths if path and Path(path).is_file()), None)
