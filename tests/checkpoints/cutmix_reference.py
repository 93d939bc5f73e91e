"""The CutMix authors' networks from their tensors alone: names and shapes, and the maps that their code computes."""

from __future__ import annotations

from fractions import Fraction

import torch
import torch.nn.functional as F
import torchvision

from tests.checkpoints.authors_reference import filled

CLASSES = 5
# Their whole classifiers by name: network, its numbers, side of the images, which for the largest one is a cheap one.
CLASSIFIERS = {
    'PyramidNet200': ('pyramidnet', (200, 240), 16),
    'PyramidNet110': ('pyramidnet', (110, 64), 32),
    'ResNet110': ('resnet', (110,), 32),
    'ResNet50': ('imagenet', (50,), 64),
}


def pyramidnet_shapes(depth, alpha, classes=CLASSES):
    """Their names, in their order, to shapes."""
    shapes, blocks = {}, (depth - 2) // 3
    _conv(shapes, 'conv1', 3, 16, 3)
    _norm(shapes, 'bn1', 16)
    channels = 16
    for block in range(blocks):
        name = f'layer{3 * block // blocks + 1}.{block % (blocks // 3)}'
        width = round(16 + Fraction(alpha) * (block + 1) / blocks)
        _norm(shapes, f'{name}.bn1', channels)
        _conv(shapes, f'{name}.conv1', channels, width, 1)
        _norm(shapes, f'{name}.bn2', width)
        _conv(shapes, f'{name}.conv2', width, width, 3)
        _norm(shapes, f'{name}.bn3', width)
        channels = 4 * width
        _conv(shapes, f'{name}.conv3', width, channels, 1)
        _norm(shapes, f'{name}.bn4', channels)
    _norm(shapes, 'bn_final', channels)
    return shapes | _linear(channels, classes)


def resnet_shapes(depth, classes=CLASSES):
    """The same of their ResNet for CIFAR."""
    shapes, blocks = {}, (depth - 2) // 9
    _conv(shapes, 'conv1', 3, 16, 3)
    _norm(shapes, 'bn1', 16)
    channels = 16
    for stage, width in enumerate((16, 32, 64), start=1):
        for block in range(blocks):
            name = f'layer{stage}.{block}'
            _conv(shapes, f'{name}.conv1', channels, width, 1)
            _norm(shapes, f'{name}.bn1', width)
            _conv(shapes, f'{name}.conv2', width, width, 3)
            _norm(shapes, f'{name}.bn2', width)
            _conv(shapes, f'{name}.conv3', width, 4 * width, 1)
            _norm(shapes, f'{name}.bn3', 4 * width)
            if block == 0:
                _conv(shapes, f'{name}.downsample.0', channels, 4 * width, 1)
                _norm(shapes, f'{name}.downsample.1', 4 * width)
            channels = 4 * width
    return shapes | _linear(channels, classes)


def _conv(shapes, name, inside, outside, kernel):
    shapes[f'{name}.weight'] = torch.Size((outside, inside, kernel, kernel))


def _norm(shapes, name, channels):
    for part in ('weight', 'bias', 'running_mean', 'running_var'):
        shapes[f'{name}.{part}'] = torch.Size((channels,))
    shapes[f'{name}.num_batches_tracked'] = torch.Size(())


def _linear(channels, classes):
    return {'fc.weight': torch.Size((classes, channels)), 'fc.bias': torch.Size((classes,))}


class Forward:
    """Their forward passes, for the tensors of a state dict.

    ``after_norm(stage, x)`` and ``after_branch(block, x)`` say what their code has not: what follows each norm of a
    residual branch, and each branch.
    """

    def __init__(self, state, *, training=False, after_norm=lambda stage, x: x, after_branch=lambda block, x: x):
        self.state, self.training, self.after_norm, self.after_branch = state, training, after_norm, after_branch
        self.blocks = list(dict.fromkeys('.'.join(key.split('.')[:2]) for key in state if key.startswith('layer')))

    def conv(self, name, x, stride=1):
        weight = self.state[f'{name}.weight']
        return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    def norm(self, name, x):
        mean, var, weight, bias = (
            self.state[f'{name}.{part}'] for part in ('running_mean', 'running_var', 'weight', 'bias')
        )
        if self.training:
            return F.batch_norm(x, None, None, weight, bias, training=True)
        return F.batch_norm(x, mean, var, weight, bias)

    def pyramidnet(self, x):
        x = self.norm('bn1', self.conv('conv1', x))
        for number, name in enumerate(self.blocks):
            stage = int(name[5]) - 1
            stride = 2 if name in ('layer2.0', 'layer3.0') else 1
            out = self.conv(f'{name}.conv1', self.after_norm(stage, self.norm(f'{name}.bn1', x)))
            out = self.after_norm(stage, self.norm(f'{name}.bn2', out))
            out = self.conv(f'{name}.conv2', F.relu(out), stride)
            out = self.after_norm(stage, self.norm(f'{name}.bn3', out))
            out = self.conv(f'{name}.conv3', F.relu(out))
            out = self.after_branch(number, self.after_norm(stage, self.norm(f'{name}.bn4', out)))
            shortcut = x if stride == 1 else F.avg_pool2d(x, 2, 2, ceil_mode=True)
            zeros = shortcut.new_zeros(len(x), out.shape[1] - x.shape[1], *shortcut.shape[2:])
            x = out + torch.cat((shortcut, zeros), 1)
        return F.relu(self.norm('bn_final', x))

    def resnet(self, x):
        x = F.relu(self.norm('bn1', self.conv('conv1', x)))
        for number, name in enumerate(self.blocks):
            stage = int(name[5]) - 1
            stride = 2 if name in ('layer2.0', 'layer3.0') else 1
            out = F.relu(self.after_norm(stage, self.norm(f'{name}.bn1', self.conv(f'{name}.conv1', x))))
            out = F.relu(self.after_norm(stage, self.norm(f'{name}.bn2', self.conv(f'{name}.conv2', out, stride))))
            out = self.after_norm(stage, self.norm(f'{name}.bn3', self.conv(f'{name}.conv3', out)))
            if f'{name}.downsample.0.weight' in self.state:
                x = self.norm(f'{name}.downsample.1', self.conv(f'{name}.downsample.0', x, stride))
            x = F.relu(self.after_branch(number, out) + x)
        return x

    def imagenet(self, x):
        """Their ResNet for ImageNet, which is torchvision's of the time and of today."""
        model = torchvision.models.resnet50(num_classes=len(self.state['fc.bias'])).double().eval()
        model.load_state_dict(self.state)
        return torch.nn.Sequential(*list(model.children())[:-2])(x)


def classifier_state(name, generator):
    """A state dict as their code makes it, within DataParallel."""
    network, numbers, _ = CLASSIFIERS[name]
    if network == 'imagenet':
        with torch.device('meta'):
            model = torchvision.models.resnet50(num_classes=CLASSES)
        shapes = {key: value.shape for key, value in model.state_dict().items()}
    else:
        shapes = {'pyramidnet': pyramidnet_shapes, 'resnet': resnet_shapes}[network](*numbers)
    return {f'module.{key}': value for key, value in filled(shapes, generator, 1).items()}


def logits(name, state, images):
    """Logits of their classifier."""
    plain = {key.removeprefix('module.'): value for key, value in state.items()}
    maps = getattr(Forward(plain), CLASSIFIERS[name][0])(images)
    return F.linear(maps.mean((2, 3)), plain['fc.weight'], plain['fc.bias'])


def checkpoint(name, state):
    """What their code saves, beside a real optimiser's state."""
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([weight], lr=0.25, momentum=0.9, weight_decay=1e-4, nesterov=True)
    weight.sum().backward()
    optimizer.step()
    return {
        'epoch': 298,
        'arch': 'pyramidnet' if name.startswith('Pyramid') else 'resnet',
        'state_dict': state,
        'best_err1': 14.23,
        'best_err5': 2.75,
        'optimizer': optimizer.state_dict(),
    }
