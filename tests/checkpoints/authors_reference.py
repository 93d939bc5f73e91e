"""The AgMax authors' networks in miniature: checkpoints with their names, and the logits that their code computes."""

from __future__ import annotations

import timm
import torch
import torch.nn.functional as F
import torchvision

CLASSES = 5


def filled(shapes, generator, gain):
    """Random tensors for names and shapes, in float64; variances are positive and nothing is 0 or 1."""
    state = {}
    for name, shape in shapes.items():
        if name.endswith('num_batches_tracked'):
            state[name] = torch.tensor(7)
        elif name.endswith('running_var') or (len(shape) == 1 and name.endswith('weight')):
            state[name] = torch.rand(shape, generator=generator, dtype=torch.float64) + 0.5
        else:
            scale = 0.2 if len(shape) < 2 else gain * shape[1:].numel() ** -0.5
            state[name] = torch.randn(shape, generator=generator, dtype=torch.float64) * scale
    return state


def wide_resnet_shapes(depth, width):
    """Names and shapes of their wide ResNet, written down from their code."""
    shapes = {}

    def conv(name, inside, outside, kernel):
        shapes[f'{name}.weight'] = torch.Size((outside, inside, kernel, kernel))
        shapes[f'{name}.bias'] = torch.Size((outside,))

    def norm(name, channels):
        for part in ('weight', 'bias', 'running_mean', 'running_var'):
            shapes[f'{name}.{part}'] = torch.Size((channels,))
        shapes[f'{name}.num_batches_tracked'] = torch.Size(())

    conv('conv', 3, 16, 3)
    channels = 16
    for stage, base in enumerate((16, 32, 64), start=1):
        for block in range((depth - 4) // 6):
            name = f'layer{stage}.{block}'
            norm(f'{name}.bn1', channels)
            conv(f'{name}.conv1', channels, base * width, 3)
            norm(f'{name}.bn2', base * width)
            conv(f'{name}.conv2', base * width, base * width, 3)
            if channels != base * width:
                conv(f'{name}.shortcut', channels, base * width, 1)
            channels = base * width
    norm('bn', channels)
    return shapes


def wide_resnet_maps(state, images):
    """Their forward pass, from the tensors alone."""

    def conv(name, x, stride=1):
        weight = state[f'{name}.weight']
        return F.conv2d(x, weight, state[f'{name}.bias'], stride=stride, padding=weight.shape[-1] // 2)

    def relu_norm(name, x):
        parts = (state[f'{name}.{part}'] for part in ('running_mean', 'running_var', 'weight', 'bias'))
        return F.relu(F.batch_norm(x, *parts))

    x = conv('conv', images)
    names = dict.fromkeys('.'.join(key.split('.')[:2]) for key in state if key.startswith('layer'))
    for name in names:
        stride = 2 if name in ('layer2.0', 'layer3.0') else 1
        out = relu_norm(f'{name}.bn1', x)
        shortcut = conv(f'{name}.shortcut', out, stride) if f'{name}.shortcut.weight' in state else x
        out = conv(f'{name}.conv1', out, stride)
        x = conv(f'{name}.conv2', relu_norm(f'{name}.bn2', out)) + shortcut
    return relu_norm('bn', x)


def _resnet_maps(name):
    def maps(state, images):
        model = getattr(torchvision.models, name)().double()
        trunk = torch.nn.Sequential(*list(model.children())[:-2])
        model.fc = torch.nn.Identity()
        model.load_state_dict(state)
        return trunk.eval()(images)

    return maps


def _timm_maps(name):
    def maps(state, images):
        model = timm.create_model(name).double().eval()
        model.load_state_dict({key.removeprefix('features.'): value for key, value in state.items()})
        return model.forward_features(images)

    return maps


def _shapes(model, prefix='', without=()):
    return {prefix + key: value.shape for key, value in model.state_dict().items() if not key.startswith(without)}


def _meta(build, *arguments):
    with torch.device('meta'):
        return build(*arguments)


# name: (shapes of their extractor, its forward pass, width of its features, our backbone)
NETWORKS = {
    'WideResNet40-2': (
        lambda: wide_resnet_shapes(40, 2),
        wide_resnet_maps,
        128,
        dict(type='agmax_mm.WideResNet', depth=40, widen_factor=2),
    ),
    'ResNet50': (
        lambda: _shapes(_meta(torchvision.models.resnet50), without=('fc.',)),
        _resnet_maps('resnet50'),
        2048,
        dict(type='ResNet', depth=50),
    ),
    'RegNetX002': (
        lambda: _shapes(_meta(timm.create_model, 'regnetx_002'), 'features.'),
        _timm_maps('regnetx_002'),
        368,
        dict(type='RegNet', arch=dict(w0=24, wa=36.44, wm=2.49, group_w=8, depth=13, bot_mul=1.0)),
    ),
    'RegNetY004': (
        lambda: _shapes(_meta(timm.create_model, 'regnety_004'), 'features.'),
        _timm_maps('regnety_004'),
        440,
        dict(type='TIMMBackbone', model_name='regnety_004'),
    ),
    'EfficientNetB0': (
        lambda: _shapes(_meta(timm.create_model, 'efficientnet_b0'), 'features.'),
        _timm_maps('efficientnet_b0'),
        1280,
        dict(type='TIMMBackbone', model_name='efficientnet_b0'),
    ),
}


def authors_state(name, generator, *, classes=CLASSES, hidden=None, parallel=True):
    """A state dict as their code makes it: of two views with a pair head, or of the baseline where ``hidden`` is None.

    In their order of tensors: extractor, classifier, pair head.
    """
    shapes, _, width, _ = NETWORKS[name]
    gain = 3 if name == 'EfficientNetB0' else 1  # else its many gates leave next to nothing of the images
    inner = 'backbone.' if hidden else ''
    named = {f'{inner}feature_extractor.{key}': shape for key, shape in shapes().items()}
    named[f'{inner}classifier.weight'] = torch.Size((classes, width))
    named[f'{inner}classifier.bias'] = torch.Size((classes,))
    if hidden:
        named['qnet.model.0.weight'] = torch.Size((hidden, 2 * classes))
        named['qnet.model.0.bias'] = torch.Size((hidden,))
        named['qnet.model.2.weight'] = torch.Size((classes, hidden))
        named['qnet.model.2.bias'] = torch.Size((classes,))
    prefix = 'module.' if parallel else ''
    return {prefix + key: value for key, value in filled(named, generator, gain).items()}


def authors_logits(name, state, images):
    """Logits of their classifier."""
    plain = {key.removeprefix('module.').removeprefix('backbone.'): value for key, value in state.items()}
    extractor = {
        key.removeprefix('feature_extractor.'): value
        for key, value in plain.items()
        if key.startswith('feature_extractor.')
    }
    maps = NETWORKS[name][1](extractor, images)
    return F.linear(maps.mean((2, 3)), plain['classifier.weight'], plain['classifier.bias'])


def authors_pair_logits(state, logits_a, logits_b):
    """Logits of their pair head."""
    layers = {key.removeprefix('module.qnet.model.'): value for key, value in state.items()}
    hidden = F.relu(F.linear(torch.cat((logits_a, logits_b), dim=1), layers['0.weight'], layers['0.bias']))
    return F.linear(hidden, layers['2.weight'], layers['2.bias'])


def authors_checkpoint(state):
    """What their code saves: the weights among the states of a real optimiser and scheduler."""
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[75, 150, 225])
    weight.sum().backward()
    optimizer.step()
    return {
        'epoch': 268,
        'best_top1': 79.12,
        'best_top5': 94.4,
        'best_epoch': 268,
        'best_model': 'imagenet-agmax-mi-ResNet50-cutmix-auto_augment-79.12-mlp-2048.pth',
        'model_state_dict': state,
        'optimizer_state_dict': optimizer.state_dict(),
        'scheduler_state_dict': scheduler.state_dict(),
    }
