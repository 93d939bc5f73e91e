"""A trained model, ready for new inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from numpy.typing import NDArray
from torch import Tensor

from agmax_mm.checkpoints.checkpoint import check_finite, read_checkpoint
from agmax_mm.checkpoints.matching import require_match
from agmax_mm.engine.config import load_config
from agmax_mm.engine.tasks import complete_tasks, import_task
from agmax_mm.prediction.inputs import Input, TestPipeline, expand, input_names, read_picture
from agmax_mm.prediction.stored_config import stored_config, without_pretrained
from agmax_mm.registry import MODELS

# The agreement takes part in training alone.
_UNUSED = ('agreement.', 'data_preprocessor.')

Prediction = dict[str, Any]


class Predictor:
    """Predictions of a trained classifier, detector or captioner for pictures.

    Args:
        checkpoint: A checkpoint of a training run. Its config comes with it and is read as data, never run.
        config: A config file, for checkpoints of others, and where the one in the checkpoint is not wanted.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``, ...; by default a GPU, if there is one.
        batch_size: Pictures in one forward pass.
        top: Number of classes in a classifier's answer, the most probable first.
        min_score: Least score of a detection, in ``0..1``.
        beam: Beams of the search for a caption, at least 1; by default as the captioner was evaluated.

    Raises:
        ValueError: If the checkpoint is unreadable, holds no config or other tensors than the config's model has, or an
            argument is out of range.

    Example:
        >>> predictor = Predictor('work_dirs/agmax/resnet50_cutmix_aa_270e/epoch_270.pth')  # doctest: +SKIP
        >>> predictor(['cat.jpg'])[0]['classes'][0]  # doctest: +SKIP
        {'label': 281, 'name': 'tabby', 'probability': 0.93}
    """

    def __init__(
        self,
        checkpoint: str | os.PathLike[str],
        *,
        config: str | os.PathLike[str] | None = None,
        device: str | None = None,
        batch_size: int = 32,
        top: int = 5,
        min_score: float = 0.3,
        beam: int | None = None,
    ) -> None:
        if batch_size < 1 or top < 1:
            raise ValueError(
                f'predict: expected a batch size and a number of classes of at least 1, got {batch_size}, {top}'
            )
        if not 0 <= min_score <= 1:
            raise ValueError(f'predict: expected a least score in 0..1, got {min_score}')
        file = read_checkpoint(checkpoint).own()
        found = stored_config(file) if config is None else _own_config(str(config))
        if found.get('test_dataloader') is None:
            raise ValueError(f'checkpoint {str(checkpoint)!r}: expected a config with a test pipeline, got one without')
        import_task(found)
        self.device = torch.device(device or ('cuda' if torch.cuda.is_available() else 'cpu'))
        with DefaultScope.overwrite_default_scope(found.get('default_scope') or 'mmpretrain'):
            self.model = MODELS.build(_whole_model(found))
            self._prepare = TestPipeline(found)
        check_finite(file.tensors, file.path)
        tensors = {name: value for name, value in file.tensors.items() if not name.startswith(_UNUSED)}
        require_match(file.path, tensors, self.model, optional=_UNUSED)
        self.model.load_state_dict(tensors, strict=False)
        self.model.to(self.device).eval()
        self.classes = _class_names(file.content) or _usual_names(found)
        self.batch_size, self.top, self.min_score = batch_size, top, min_score
        if beam is not None:
            self._set_beam(beam)

    def __call__(
        self, inputs: Iterable[Input], progress: Callable[[int, int], None] = lambda done, total: None
    ) -> list[Prediction]:
        """Predict.

        Args:
            inputs: Paths of pictures and of folders of them, and arrays: BGR, uint8, shape ``(H, W, 3)``. For a
                model of speech, paths of recordings and of folders of them.
            progress: Called after each batch with the number of inputs done and that of all.

        Returns:
            One mapping for each picture, in order. ``input`` is its name. A classifier's has ``classes``, the most
            probable first: ``label``, ``name``, ``probability``. A detector's has ``objects``, the best first:
            ``label``, ``name``, ``score``, ``box`` as ``[x1, y1, x2, y2]`` in pixels of the picture, and where the
            detector finds masks ``mask``, COCO's compressed run lengths. A captioner's has ``caption``, and
            ``log_probability``, the natural logarithm of its probability.

        Raises:
            ValueError: If an input does not exist or is no picture.
        """
        expanded = expand(inputs, self._prepare.what)
        names = input_names(expanded)
        predictions: list[Prediction] = []
        for start in range(0, len(expanded), self.batch_size):
            batch = expanded[start : start + self.batch_size]
            items = [self._prepare(given, start + place) for place, given in enumerate(batch)]
            for sample in self._forward(items):
                predictions.append({'input': names[len(predictions)], **self._read(sample)})
            progress(len(predictions), len(expanded))
        return predictions

    def picture(self, path: str) -> NDArray[np.uint8]:
        """An input file as a picture to look at: RGB, shape ``(H, W, 3)``; of a recording the spectrogram."""
        if self._prepare.what == 'pictures':
            return read_picture(path)[:, :, ::-1]
        preprocessor = self.model.data_preprocessor
        waveform = self._prepare(path, 0)['inputs']
        return preprocessor.to_picture(preprocessor.spectrograms(waveform[None])[0])

    @torch.no_grad()
    def _forward(self, items: Sequence[dict[str, Any]]) -> list[Any]:
        """The data samples of a batch, in order. Pictures of several sizes do not fit into one tensor."""
        detector = not hasattr(self.model, 'head')
        samples: list[Any] = [None] * len(items)
        groups: dict[Any, list[int]] = {}
        for place, item in enumerate(items):
            groups.setdefault('all' if detector else item['inputs'].shape, []).append(place)
        for places in groups.values():
            inputs: Any = [items[place]['inputs'] for place in places]
            data = {
                'inputs': inputs if detector else torch.stack(inputs),
                'data_samples': [items[place]['data_samples'] for place in places],
            }
            for place, sample in zip(places, self.model.test_step(data), strict=True):
                samples[place] = sample
        return samples

    def _read(self, sample: Any) -> Prediction:
        if 'pred_instances' in sample:
            return {'objects': self._objects(sample.pred_instances.cpu())}
        if 'pred_caption' in sample:
            return {'caption': sample.pred_caption, 'log_probability': sample.pred_log_probability}
        if 'pred_score' not in sample:
            raise ValueError(
                f'predict: expected a classifier, a detector or a captioner, got {type(self.model).__name__}'
            )
        probabilities = sample.pred_score.cpu()
        values, labels = probabilities.topk(min(self.top, len(probabilities)))
        return {
            'classes': [
                {'label': label, 'name': self._name(label), 'probability': value}
                for label, value in zip(labels.tolist(), values.tolist(), strict=True)
            ]
        }

    def _objects(self, found: Any) -> list[dict[str, Any]]:
        found = found[found.scores >= self.min_score]
        found = found[found.scores.argsort(descending=True, stable=True)]
        masks = _run_lengths(found.masks) if 'masks' in found else [None] * len(found)
        rows = zip(found.labels.tolist(), found.scores.tolist(), found.bboxes.tolist(), masks, strict=True)
        return [
            {'label': label, 'name': self._name(label), 'score': score, 'box': box, **({'mask': mask} if mask else {})}
            for label, score, box, mask in rows
        ]

    def _set_beam(self, beam: int) -> None:
        if beam < 1:
            raise ValueError(f'predict: expected a beam of at least 1, got {beam}')
        if not hasattr(getattr(self.model, 'head', None), 'beam_width'):
            raise ValueError(f'predict: expected a captioner beside a beam, got {type(self.model).__name__}')
        self.model.head.beam_width = beam

    def _name(self, label: int) -> str:
        return self.classes[label] if label < len(self.classes) else str(label)


def _own_config(path: str) -> Config:
    from agmax_mm.recipe_files import config_path

    config = load_config(config_path(path))
    complete_tasks(config)
    return config


def _whole_model(config: Config) -> ConfigDict:
    """The model's config, with the preprocessor where the host's runner would put it."""
    model = without_pretrained(config.model.to_dict())
    if 'data_preprocessor' in config and 'data_preprocessor' not in model:
        model['data_preprocessor'] = config.data_preprocessor.to_dict()
    head = model.get('head') or {}
    if model.get('data_preprocessor') is not None and 'num_classes' in head:
        model['data_preprocessor'].setdefault('num_classes', head['num_classes'])
    return ConfigDict(model)


def _class_names(content: dict[str, Any]) -> tuple[str, ...]:
    meta = content.get('meta') or {}
    classes = (meta.get('dataset_meta') or {}).get('classes') or ()
    return (classes,) if isinstance(classes, str) else tuple(map(str, classes))


def _usual_names(config: Config) -> tuple[str, ...]:
    """The classes of Speech Commands: the AgMax authors' files name none, and have them in this order."""
    from agmax_mm.speech.datasets import SILENCE
    from agmax_mm.speech.layouts import WORDS

    names = (SILENCE, *WORDS)
    speaks = str((config.get('data_preprocessor') or {}).get('type')).endswith('SpeechDataPreprocessor')
    return names if speaks and config.model.head.get('num_classes') == len(names) else ()


def _run_lengths(masks: Tensor) -> list[dict[str, Any]]:
    from pycocotools import mask as coco

    encoded = [coco.encode(np.asfortranarray(mask.numpy().astype(np.uint8))) for mask in masks]
    return [{'size': list(entry['size']), 'counts': entry['counts'].decode('ascii')} for entry in encoded]
