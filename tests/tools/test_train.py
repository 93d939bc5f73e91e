"""The commands on the real recipes, with small networks and a few images."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from agmax_mm.engine.config import load_config
from agmax_mm.engine.launch import evaluate, train
from agmax_mm.engine.options import parse_options
from agmax_mm.registry import MODELS
from tests.checkpoints.authors_reference import authors_checkpoint, authors_logits, authors_state

ROOT = Path(__file__).parents[2]
CIFAR = 'configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py'
IMAGENET = 'configs/agmax/resnet50_cutmix_aa_270e.py'
SMALL_WRN = ['model.backbone.depth=10', 'model.backbone.widen_factor=1', 'model.head.in_channels=64']


def _write_folders(root, splits, classes, images, side):
    """Classes differ in hue, so that a few steps are enough to learn something."""
    generator = np.random.default_rng(0)
    for split in splits:
        for label in range(classes):
            folder = root / split / f'n{label:08d}'
            folder.mkdir(parents=True)
            colour = cv2.cvtColor(np.uint8([[[int(180 * label / classes), 200, 200]]]), cv2.COLOR_HSV2BGR)[0, 0]
            for index in range(images):
                noise = generator.integers(-40, 40, (side, side, 3))
                cv2.imwrite(str(folder / f'{index}.JPEG'), np.clip(colour + noise, 0, 255).astype(np.uint8))


@pytest.fixture(scope='module')
def cifar(tmp_path_factory):
    root = tmp_path_factory.mktemp('cifar')
    _write_folders(root, ['train', 'test'], 10, 8, 32)
    return root


def _run(*command, cwd=ROOT, code=0, **environment):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHON': sys.executable, **environment},
    )
    assert done.returncode == code, f'{done.stdout[-3000:]}\n{done.stderr[-3000:]}'
    return done


def _loaders(root, *more):
    options = [f'train_dataloader.dataset.data_root={root}']  # the others follow
    options += [f'{name}.num_workers=0' for name in ('train_dataloader', 'val_dataloader', 'test_dataloader')]
    return [*options, *more]


def _record(work_dir):
    return json.loads((work_dir / 'result.json').read_text())


def test_train_resume_and_test(cifar, command, tmp_path):
    options = _loaders(cifar, *SMALL_WRN, 'train_dataloader.batch_size=20', 'default_hooks.run_record.interval=1')
    options.append('param_scheduler.T_max=200')  # left as it is, whatever the length
    base = [CIFAR, '--work-dir', tmp_path / 'run', '--seed', 3]
    _run(sys.executable, 'tools/train.py', *base, '--cfg-options', *options, 'train_cfg.max_epochs=2')
    first = _record(tmp_path / 'run')
    assert (first['status'], first['iterations'], first['seed']) == ('completed', 8, 3)
    assert [point['iter'] for point in first['history']['train']] == list(range(1, 9))
    assert set(first['history']['train'][0]) >= {'loss', 'loss_cls', 'loss_agreement', 'mutual_info', 'view_agreement'}
    for point in first['history']['train']:
        assert point['loss'] == pytest.approx(point['loss_cls'] + point['loss_agreement'], rel=1e-5)
        assert point['mutual_info'] == pytest.approx(-point['loss_agreement'], rel=1e-5, abs=1e-6)
        # 20 of 128 images a step, at the first epochs of a cosine over 200
        assert point['lr'] == pytest.approx(0.1 * 20 / 128, rel=1e-3)

    # Going on to a fourth epoch keeps what was recorded and starts where the first run ended.
    done = command('train', *base, '--resume', '--cfg-options', *options, 'train_cfg.max_epochs=4')
    assert done.returncode == 0
    second = _record(tmp_path / 'run')
    assert second['history']['train'][:8] == first['history']['train']
    assert [point['iter'] for point in second['history']['train']] == list(range(1, 17))
    assert [point['epoch'] for point in second['history']['val']] == [1, 2, 3, 4]
    assert second['wall_time_s'] > first['wall_time_s']
    assert second['config_sha256'] != first['config_sha256']  # other epochs, another recipe
    best = second['scores']['best']['accuracy/top1']
    assert best['value'] == max(point['accuracy/top1'] for point in second['history']['val'])

    checkpoint = tmp_path / 'run' / 'epoch_4.pth'
    meta = torch.load(checkpoint, weights_only=False)['meta']['agmax_mm']
    assert meta['recipe'] == 'agmax/wrn40-2_cutmix_aa_200e_cifar10.py'
    assert meta['num_classes'] == 10
    assert meta['contract']['channel_order'] == 'rgb'
    out = tmp_path / 'scores.json'
    done = command('test', CIFAR, checkpoint, '--work-dir', tmp_path / 'test', '--out', out, '--cfg-options', *options)
    assert done.returncode == 0
    scores = json.loads(out.read_text())
    assert json.loads(done.stdout.strip().splitlines()[-1]) == scores
    assert scores['accuracy/top1'] == pytest.approx(second['scores']['last']['accuracy/top1'])
    assert not (tmp_path / 'test' / 'result.json').exists()


def test_imagenet_recipe_on_folders_with_fewer_classes(tmp_path):
    _write_folders(tmp_path / 'data', ['train'], 3, 2, 80)
    options = _loaders(tmp_path / 'data', 'train_dataloader.batch_size=3', 'train_cfg.max_epochs=1')
    options = parse_options([*options, 'image_size=96', 'default_hooks.run_record.interval=1'])
    train(IMAGENET, work_dir=str(tmp_path / 'run'), seed=0, amp=True, options=options)
    record = _record(tmp_path / 'run')
    assert (record['status'], record['iterations']) == ('completed', 2)
    # An untrained network of 1000 outputs: ln 1000 = 6.9
    assert record['history']['train'][0]['loss_cls'] == pytest.approx(6.9, abs=0.7)
    # There is no val/ beside train/: said, and trained without.
    assert record['scores'] == {'last': {}, 'best': {}}


def test_two_processes_hold_the_same_weights(cifar, tmp_path):
    recipe = tmp_path / 'recipe.py'
    recipe.write_text(
        f"_base_ = '{ROOT / CIFAR}'\n"
        "custom_imports = dict(imports=['tests.rank_hash'])\n"
        "custom_hooks = [dict(type='agmax_mm.RankHashHook')]\n"
    )
    options = _loaders(cifar, *SMALL_WRN, 'total_batch_size=20', 'train_cfg.max_epochs=1')
    _run(
        *['tools/dist_train.sh', recipe, 2, '--work-dir', tmp_path / 'run', '--seed', 0, '--cfg-options', *options],
        PYTHONPATH=str(ROOT),
    )
    moments = {}
    for moment in ('before', 'after'):
        ranks = [json.loads((tmp_path / 'run' / f'{moment}-rank{rank}.json').read_text()) for rank in range(2)]
        assert [rank['world_size'] for rank in ranks] == [2, 2]
        assert ranks[0]['digests'] == ranks[1]['digests']
        moments[moment] = ranks[0]['digests']
    changed = {name for name in moments['before'] if moments['before'][name] != moments['after'][name]}
    assert changed == set(moments['before'])
    record = _record(tmp_path / 'run')
    assert (record['world_size'], record['iterations'], record['status']) == (2, 4, 'completed')


@pytest.mark.parametrize(
    ('config', 'options', 'resume', 'message'),
    [
        ('nowhere.py', {}, False, "config: expected a file, got 'nowhere.py'"),
        (CIFAR, {'modell.num_views': 3}, False, "the nearest known one is 'model'"),
        (CIFAR, {'train_dataloader.dataset.data_root': 'nowhere'}, False, 'expected cifar-10-batches-py'),
        (CIFAR, {'model.head.num_classes': 9}, False, 'at least the 10 classes of the training set, got 9'),
        (CIFAR, {}, 'nowhere.pth', "--resume: expected a checkpoint file, got 'nowhere.pth'"),
        (CIFAR, {'optim_wrapper.type': 'AmpOptimWrapper'}, False, "--amp: expected optim_wrapper.type 'OptimWrapper'"),
    ],
)
def test_mistakes_are_named(config, options, resume, message, cifar, tmp_path):
    options = {**parse_options(_loaders(cifar, *SMALL_WRN)), **options}
    with pytest.raises(ValueError, match=re.escape(message)):
        train(config, work_dir=str(tmp_path), resume=resume, amp='--amp' in message, options=options)


def test_a_mistake_ends_in_one_line(tmp_path):
    done = _run(sys.executable, 'tools/train.py', CIFAR, '--resume', 'nowhere.pth', '--work-dir', tmp_path, code=1)
    assert done.stderr.splitlines() == [
        "error: --resume: expected a checkpoint file, got 'nowhere.pth', which does not exist"
    ]


def test_text_in_a_checkpoint_is_not_run(cifar, tmp_path):
    options = parse_options(_loaders(cifar, *SMALL_WRN, 'train_dataloader.batch_size=40'))
    work_dir = str(tmp_path / 'run')
    train(CIFAR, work_dir=work_dir, options={**options, 'train_cfg.max_epochs': 1})
    checkpoint = torch.load(tmp_path / 'run' / 'epoch_1.pth', weights_only=False)
    checkpoint['meta']['config'] = f'import os\nos.mkdir({str(tmp_path / "ran")!r})\n'
    torch.save(checkpoint, tmp_path / 'trap.pth')
    longer = {**options, 'train_cfg.max_epochs': 2}
    train(CIFAR, work_dir=work_dir, resume=str(tmp_path / 'trap.pth'), options=longer)
    assert _record(tmp_path / 'run')['iterations'] == 4
    assert not (tmp_path / 'ran').exists()


def _checkpoint(path, depth, **changes):
    config = load_config(CIFAR, {'model.backbone.depth': depth, 'model.backbone.widen_factor': 1, **changes})
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build({**config.model, 'data_preprocessor': config.data_preprocessor})
    torch.save({'state_dict': model.state_dict(), 'meta': {'epoch': 1, 'iter': 1}}, path)
    return str(path)


def test_another_network_s_checkpoint_is_refused(cifar, tmp_path):
    width = {'model.head.in_channels': 64}
    deeper = _checkpoint(tmp_path / 'deeper.pth', 16, **width)
    options = parse_options(_loaders(cifar, *SMALL_WRN))
    message = r'deeper.pth.*another network: .* got \d+ unknown to the model \(backbone.layer1.1.'
    with pytest.raises(ValueError, match=message):
        evaluate(CIFAR, deeper, work_dir=str(tmp_path / 'a'), options=options)
    with pytest.raises(ValueError, match=message):
        train(CIFAR, work_dir=str(tmp_path / 'b'), resume=deeper, options=options)
    with pytest.raises(ValueError, match=message):
        train(CIFAR, work_dir=str(tmp_path / 'c'), options={**options, 'load_from': deeper})
    # Another head may be trained on the same backbone, but not tested with it.
    head = _checkpoint(tmp_path / 'head.pth', 10, **width, **{'model.head.num_classes': 7})
    with pytest.raises(ValueError, match=r'2 of another shape \(head.fc.weight \(7, 64\) for \(10, 64\), head.fc.bias'):
        evaluate(CIFAR, head, work_dir=str(tmp_path / 'd'), options=options)
    short = {**options, 'train_cfg.max_epochs': 1, 'train_dataloader.batch_size': 80, 'load_from': head}
    assert train(CIFAR, work_dir=str(tmp_path / 'e'), options=short).iter == 1


def test_a_plain_classifier_s_checkpoint_lacks_the_pair_head_and_nothing_else(cifar, tmp_path):
    plain = _checkpoint(tmp_path / 'plain.pth', 10, **{'model.head.in_channels': 64, 'model.agreement': None})
    options = parse_options(_loaders(cifar, *SMALL_WRN))
    options['model.agreement'] = {'type': 'agmax_mm.PairEntropyAgreement', 'pair_head': {'type': 'agmax_mm.PairHead'}}
    assert 0 <= evaluate(CIFAR, plain, work_dir=str(tmp_path / 'f'), options=options)['accuracy/top1'] <= 100
    # A training's config stays where the same folder is evaluated with other options.
    dumped = tmp_path / 'f' / Path(CIFAR).name
    assert not dumped.exists()
    dumped.write_text(CIFAR)
    evaluate(CIFAR, plain, work_dir=str(tmp_path / 'f'), options=options)
    assert dumped.read_text() == CIFAR


def test_a_damaged_image_is_named(command, tmp_path):
    _write_folders(tmp_path / 'data', ['train', 'val'], 2, 2, 40)
    # Its header and its end are those of an image, so only a worker of the loader finds it.
    (tmp_path / 'data' / 'train' / 'n00000001' / '1.JPEG').write_bytes(b'\xff\xd8\xff\xd9')
    options = _loaders(tmp_path / 'data', 'train_dataloader.batch_size=4', 'train_dataloader.num_workers=1')
    done = command('train', IMAGENET, '--work-dir', tmp_path / 'run', '--cfg-options', *options)
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith('error:')]
    assert 'ImageNet: expected an image in ' in line
    assert 'n00000001/1.JPEG' in line
    assert _record(tmp_path / 'run')['status'] == 'failed'


def test_a_failed_run_says_so(cifar, tmp_path):
    options = _loaders(cifar, *SMALL_WRN, 'train_dataloader.batch_size=20', 'optim_wrapper.optimizer.lr=1e30')
    with pytest.raises(ValueError, match='expected finite logits'):
        train(CIFAR, work_dir=str(tmp_path), options=parse_options(options))
    assert _record(tmp_path)['status'] == 'failed'


@pytest.mark.parametrize('tool', ['tools/train.py', 'tools/test.py', 'tools/dist_train.sh', 'tools/slurm_train.sh'])
def test_help_has_an_example(tool):
    command = [tool] if tool.endswith('.sh') else [sys.executable, tool]
    assert 'example:' in _run(*command, '--help').stdout


def test_the_authors_files_are_tested_and_started_from_as_they_are(tmp_path, generator):
    _write_folders(tmp_path / 'data', ['train', 'test'], 10, 2, 32)
    images, labels = [], []
    for path in sorted((tmp_path / 'data' / 'test').rglob('*.JPEG')):
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) / 255
        images.append((image - [0.4914, 0.4822, 0.4465]) / [0.2023, 0.1994, 0.2010])
        labels.append(int(path.parent.name[1:]))
    images, labels = torch.tensor(np.stack(images)).permute(0, 3, 1, 2), torch.tensor(labels)
    state = authors_state('WideResNet40-2', generator, classes=10, hidden=8)
    bias, weight = state['module.backbone.classifier.bias'], state['module.backbone.classifier.weight']
    with torch.no_grad():
        centre = authors_logits('WideResNet40-2', state, images).mean(0)
    # Centred, so that a random network's predictions differ, and turned, so that the first of them is right.
    bias -= centre
    with torch.no_grad():
        turn = int(labels[0] - authors_logits('WideResNet40-2', state, images[:1]).argmax())
        bias[:], weight[:] = bias.roll(turn), weight.roll(turn, 0)
        right = authors_logits('WideResNet40-2', state, images).argmax(1).eq(labels)
    assert 0 < right.sum() < len(right)
    theirs = str(tmp_path / 'their.pth')
    torch.save(authors_checkpoint(state), theirs)
    options = parse_options(_loaders(tmp_path / 'data'))
    metrics = evaluate(CIFAR, theirs, work_dir=str(tmp_path / 'a'), options=options)
    assert metrics['accuracy/top1'] == pytest.approx(100 * right.double().mean().item())
    short = {**options, 'train_cfg.max_epochs': 1, 'train_dataloader.batch_size': 20, 'load_from': theirs}
    assert train(CIFAR, work_dir=str(tmp_path / 'b'), options=short).iter == 1
    with pytest.raises(ValueError, match="their.pth': expected one of this package's to resume"):
        train(CIFAR, work_dir=str(tmp_path / 'c'), resume=theirs, options=options)
