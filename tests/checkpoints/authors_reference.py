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


def vgg_shapes(batch_norm):
    """Names and shapes of their VGG11 for one channel: convolutions, maybe norms, ReLUs and poolings in one list."""
    shapes, place, channels = {}, 0, 1
    for width in (64, 'M', 128, 'M', 256, 256, 'M', 512, 512, 'M', 512, 512, 'M'):
        if width != 'M':
            shapes[f'features.{place}.weight'] = torch.Size((width, channels, 3, 3))
            shapes[f'features.{place}.bias'] = torch.Size((width,))
            if batch_norm:
                for part in ('weight', 'bias', 'running_mean', 'running_var'):
                    shapes[f'features.{place + 1}.{part}'] = torch.Size((width,))
                shapes[f'features.{place + 1}.num_batches_tracked'] = torch.Size(())
            channels = width
            place += 2 if batch_norm else 1
        place += 1
    return shapes


def vgg_maps(state, images):
    """Their forward pass, from the tensors alone."""
    for place in [int(name.split('.')[1]) for name, value in state.items() if value.ndim == 4]:
        images = F.conv2d(images, state[f'features.{place}.weight'], state[f'features.{place}.bias'], padding=1)
        norm = f'features.{place + 1}'
        if f'{norm}.running_var' in state:
            parts = (state[f'{norm}.{part}'] for part in ('running_mean', 'running_var', 'weight', 'bias'))
            images = F.batch_norm(images, *parts)
        images = F.relu(images)
        if place + (3 if f'{norm}.running_var' in state else 2) not in {int(name.split('.')[1]) for name in state}:
            images = F.max_pool2d(images, 2)
    return images


def lenet_state(generator, hidden):
    """Their LeNet for one channel, with a pair head: three linear layers after the pooling are its classifier."""
    inner = 'module.backbone.'
    shapes = {
        f'{inner}feature_extractor.conv1.weight': (6, 1, 5, 5),
        f'{inner}feature_extractor.conv1.bias': (6,),
        f'{inner}feature_extractor.conv2.weight': (16, 6, 5, 5),
        f'{inner}feature_extractor.conv2.bias': (16,),
        f'{inner}classifier.0.weight': (120, 400),
        f'{inner}classifier.0.bias': (120,),
        f'{inner}classifier.2.weight': (84, 120),
        f'{inner}classifier.2.bias': (84,),
        f'{inner}classifier.4.weight': (CLASSES, 84),
        f'{inner}classifier.4.bias': (CLASSES,),
        'module.qnet.model.0.weight': (hidden, 2 * CLASSES),
        'module.qnet.model.0.bias': (hidden,),
        'module.qnet.model.2.weight': (CLASSES, hidden),
        'module.qnet.model.2.bias': (CLASSES,),
    }
    return filled({name: torch.Size(shape) for name, shape in shapes.items()}, generator, 1)


def lenet_logits(state, images):
    """Logits of their LeNet."""
    own = {
        name.removeprefix('module.backbone.').removeprefix('feature_extractor.'): value for name, value in state.items()
    }
    for name in ('conv1', 'conv2'):
        images = F.max_pool2d(F.relu(F.conv2d(images, own[f'{name}.weight'], own[f'{name}.bias'])), 2)
    x = images.flatten(1)
    for name in ('classifier.0', 'classifier.2', 'classifier.4'):
        x = F.linear(x if name == 'classifier.0' else F.relu(x), own[f'{name}.weight'], own[f'{name}.bias'])
    return x


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
    'VGG11': (lambda: vgg_shapes(False), vgg_maps, 512, dict(type='agmax_mm.VGG11', batch_norm=False)),
    'VGG11-bn': (lambda: vgg_shapes(True), vgg_maps, 512, dict(type='agmax_mm.VGG11')),
}
# Channels of the input; the others have 3.
CHANNELS = {'VGG11': 1, 'VGG11-bn': 1}


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
