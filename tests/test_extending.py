"""Agreements, augmentations and suites of a user's own: found by any scope, beside the config or in a package."""

import sys
import types

import pytest
import torch

from agmax_mm.engine.config import load_config
from agmax_mm.engine.launch import prepare
from agmax_mm.engine.options import parse_options
from agmax_mm.metrics import Metric
from agmax_mm.models import BaseAgreement, build_agreement, register_agreement
from agmax_mm.registry import BATCH_AUGMENTS, TRANSFORMS
from agmax_mm.robustness.contract import named_suites, plain_blocks
from agmax_mm.robustness.suite import SUITES

PACKAGE = """
import torch
from mmcv.transforms import BaseTransform
from mmengine.registry import MODELS as HOST_MODELS, TRANSFORMS as HOST_TRANSFORMS, Registry
from mmpretrain.registry import BATCH_AUGMENTS as HOST_AUGMENTS, MODELS as PRETRAIN_MODELS
from agmax_mm.batch_augments import Mixing
from agmax_mm.models import BaseAgreement
from agmax_mm.registry import MODELS as OUR_MODELS

MODELS = Registry('model', parent=HOST_MODELS, scope='{name}')
AUGMENTS = Registry('batch augment', parent=HOST_AUGMENTS, scope='{name}')
TRANSFORMS = Registry('transform', parent=HOST_TRANSFORMS, scope='{name}')

class Gap(BaseAgreement):
    def pair_terms(self, logits_a, logits_b):
        return {{'loss_gap': (logits_a - logits_b).abs().mean()}}

for registry in (MODELS, HOST_MODELS, PRETRAIN_MODELS, OUR_MODELS):
    registry.register_module(name='{name}Gap', module=Gap)

@MODELS.register_module(name='Loose')
class Loose(torch.nn.Module):
    pass

@MODELS.register_module(name='Unwritten')
class Unwritten(BaseAgreement):
    pass

@AUGMENTS.register_module()
class Halves(Mixing):
    def always(self, batch_inputs, batch_scores):
        return batch_inputs / 2, batch_scores

@AUGMENTS.register_module()
class Undone(Mixing):
    pass

@TRANSFORMS.register_module()
class Invert(BaseTransform):
    def transform(self, results):
        results['img'] = 255 - results['img']
        return results

@TRANSFORMS.register_module()
class Idle(BaseTransform):
    pass
"""
CONFIG = """
_base_ = 'agmax_mm::agmax/wrn40-2_cutmix_200e_cifar10.py'
custom_imports = dict(imports=['{name}'], allow_failed_imports=False)
"""


@pytest.fixture
def own(tmp_path, request, monkeypatch):
    """A config with a package of a new name beside it."""
    name = f'own{abs(hash(request.node.name)) % 10**8}'
    monkeypatch.setattr(sys, 'path', list(sys.path))
    (tmp_path / name).mkdir()
    (tmp_path / name / '__init__.py').write_text('')
    (tmp_path / name / 'registry.py').write_text(PACKAGE.format(name=name))
    config = tmp_path / 'mine.py'
    config.write_text(CONFIG.format(name=f'{name}.registry'))
    return types.SimpleNamespace(name=name, config=str(config), folder=tmp_path)


def test_any_scope_is_accepted(own):
    """The one class by the user's registry, the roots of both hosts, and ours; a bare name is the host's root's."""
    faults = []
    for kind in (f'{own.name}.{own.name}Gap', f'{own.name}Gap', f'mmpretrain.{own.name}Gap', f'agmax_mm.{own.name}Gap'):
        options = parse_options([f"model.agreement={{'type': '{kind}', '_delete_': True, 'loss_weight': 0.5}}"])
        config = prepare(own.config, None, 'none', options)
        term = build_agreement(config.model.agreement, 10)
        value = term([torch.zeros(2, 10), torch.ones(2, 10)])['loss_gap']
        if float(value) != 0.5:
            faults.append((kind, float(value)))
    assert faults == []


def test_augmentations_of_another_registry(own):
    config = prepare(
        own.config,
        None,
        'none',
        parse_options(
            [
                f'data_preprocessor.batch_augments={own.name}.Halves',
                f"train_dataloader.dataset.pipeline.0.transforms=[{{'type': '{own.name}.Invert'}}]",
            ]
        ),
    )
    (mixing,) = config.data_preprocessor.batch_augments.augments
    images, _ = BATCH_AUGMENTS.build(mixing)(torch.ones(2, 3, 4, 4), torch.eye(2))
    assert float(images.max()) == 0.5
    (step,) = config.train_dataloader.dataset.pipeline[0].transforms
    assert TRANSFORMS.build(step)({'img': 5})['img'] == 250


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        (
            "model.agreement={{'type': '{name}.Unwritten', '_delete_': True}}",
            r'Unwritten: expected a method pair_terms\(self, logits_a: Tensor, .*BaseAgreement',
        ),
        (
            "model.agreement={{'type': '{name}.Loose', '_delete_': True}}",
            r"the method pair_terms\(.* of agmax_mm\..*BaseAgreement, got '{name}.Loose'",
        ),
        (
            'data_preprocessor.batch_augments={name}.Undone',
            r'expected a class with always\(self, batch_inputs: Tensor, .* of agmax_mm\.batch_augments\.mixing\.Mixing',
        ),
        (
            "train_dataloader.dataset.pipeline.0.transforms=[{{'type': '{name}.Idle'}}]",
            r'transforms\.0\.type: expected a class with transform\(self, results: .* of mmcv\..*BaseTransform',
        ),
    ],
)
def test_an_error_names_the_base_class_and_the_method(own, option, message):
    with pytest.raises(ValueError, match=message.format(name=own.name)):
        config = prepare(own.config, None, 'none', parse_options([option.format(name=own.name)]))
        build_agreement(config.model.agreement, 10)


def test_what_is_registered_must_be_an_agreement():
    with pytest.raises(
        ValueError, match=r"register_agreement\('odd'\): expected a subclass with the method pair_terms"
    ):
        register_agreement('odd')(torch.nn.Identity)


@pytest.mark.parametrize(('returned', 'got'), [(torch.zeros(()), 'Tensor'), ({'gap': torch.zeros(())}, r"\['gap'\]")])
def test_terms_that_nobody_would_minimise_are_refused(returned, got):
    class Odd(BaseAgreement):
        def pair_terms(self, logits_a, logits_b):
            return returned

    with pytest.raises(
        ValueError, match=rf"Odd\.pair_terms: expected tensors by name, one name with 'loss'.*got {got}"
    ):
        Odd()([torch.zeros(2, 3), torch.zeros(2, 3)])


def test_a_module_that_cannot_be_imported_is_told(own):
    (own.folder / 'mine.py').write_text(CONFIG.format(name='no_such_module_here'))
    with pytest.raises(ValueError, match=r"beside the config .* got: No module named 'no_such_module_here'"):
        load_config(own.config)


def test_modules_beside_a_config_hide_no_others(own):
    (own.folder / 'json.py').write_text('raise SystemExit')
    (own.folder / 'shutil.py').write_text('raise SystemExit')
    load_config(own.config)
    assert sys.path[-1] == str(own.folder)


def test_a_suite_is_a_module(own, monkeypatch):
    load_config(own.config)
    metric = Metric('own/top1', 'top-1', '%', higher_is_better=True)
    text = (
        'from agmax_mm.robustness.contract import plain_blocks\n'
        'METRICS = ()\nclass Options: pass\n'
        'def conditions(options): return []\ndef measure(model, data, condition): return {}\n'
        'def summary(entries): return {}\n'
    )
    (own.folder / own.name / 'dim.py').write_text(text + 'def blocks(results, folder): return []\n')
    (own.folder / own.name / 'half.py').write_text(text)
    (own.folder / own.name / 'fgsm.py').write_text(text)
    found = named_suites([f'{own.name}.dim', 'pgd', 'corruption'], SUITES)
    assert list(found) == ['corruption', 'pgd', 'dim']
    for name, message in (
        (f'{own.name}.half', r'expected a module with blocks\(results, folder\), as agmax_mm\.robustness\.contract'),
        (f'{own.name}.fgsm', "got that of another suite, 'fgsm'"),
        ('no_such_suite', "expected one of corruption, .*No module named 'no_such_suite'"),
    ):
        with pytest.raises(ValueError, match=message):
            named_suites([name], SUITES)
    (table,) = plain_blocks({'a': [({'level': 2}, {'own/top1': 50.0})], 'b': []}, [metric])
    assert table.header == ('model', 'condition', 'top-1 (%)')
    assert table.rows == [('a', 'level 2', '50.00')]


def test_a_mistake_in_an_own_config_is_one_line(own, command):
    (own.folder / 'mine.py').write_text(CONFIG.format(name='no_such_module_here'))
    done = command('recipes', 'show', own.config)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
