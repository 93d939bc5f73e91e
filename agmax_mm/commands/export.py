"""Turn a checkpoint into one backbone file with provenance: only weights, without classifier and pair head.

Or, where OUT ends in .onnx, into the whole classifier for other runtimes.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from agmax_mm.commands.arguments import CONFIG_HELP, add_config_options

_FORMATS = {
    'agmax': "the AgMax authors' ImageNet checkpoints (keys below feature_extractor.)",
    'agmax_cifar': "the AgMax authors' checkpoints of wide ResNets, fed CIFAR images",
    'agmax_speech': "the AgMax authors' checkpoints of spoken words",
    'openmmlab': "exported backbones, this package's, mmpretrain's and mmdet's checkpoints (keys below backbone.)",
    'torchvision': "torchvision's ResNets, ResNeXts, RegNetX and VGGs, the AgMax authors' ResNet extractors",
    'timm': "timm's ResNets, ResNeXts, RegNets, EfficientNets and VGGs",
    'cutmix': "the CutMix authors' ImageNet ResNets (keys as in torchvision, below module.)",
    'cutmix_cifar': "the CutMix authors' PyramidNets and ResNets, fed CIFAR images",
}
_TARGETS = {
    'openmmlab': "mmpretrain's and mmdet's, below backbone.",
    'torchvision': "torchvision's ResNets, ResNeXts, RegNetX and VGGs",
    'timm': "timm's ResNets, ResNeXts, RegNets, EfficientNets and VGGs",
    'ssdvgg': "mmdet's SSDVGG, below backbone.; its two further layers come from torchvision's classifier",
}


def _table(texts: Mapping[str, str]) -> str:
    return '\n'.join(f'  {key:12} {text}' for key, text in texts.items())


EXAMPLE = f"""formats that are read (--from):
{_table(_FORMATS)}

names that are written (--to):
{_table(_TARGETS)}

example:
  agmax-mm export work_dirs/agmax/resnet50_cutmix_aa_270e --pick best backbone.safetensors
  agmax-mm export epoch_270.pth resnet50.pth --to torchvision
  agmax-mm export epoch_270.pth resnet50.onnx --config agmax/resnet50_cutmix_aa_270e

mmdet reads the .pth form of openmmlab and ssdvgg names also with
  init_cfg=dict(type='Pretrained', checkpoint='backbone.pth', prefix='backbone.')
which, unlike default_hooks.backbone, neither insists on every tensor nor compares the preprocessing.
torchvision and timm read theirs with
  torchvision.models.resnet50().load_state_dict(torch.load('resnet50.pth')['state_dict'], strict=False)
  timm.create_model('resnet50', num_classes=0, checkpoint_path='resnet50.safetensors')
where the classifier alone is missing. Beside each file lie a model card (.card.md) and a config (.card.json).
ONNX needs pip install 'agmax_mm[onnx]'.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('checkpoint', help="file to read, or a run's folder")
    parser.add_argument(
        'out', help='file to write: .safetensors, .pth, or .onnx; without a suffix, a folder in the layout of the hub'
    )
    parser.add_argument('--from', dest='source', choices=['auto', *_FORMATS], default='auto', help='(default: auto)')
    parser.add_argument('--to', choices=list(_TARGETS), default='openmmlab', help='(default: openmmlab)')
    parser.add_argument(
        '--pick', choices=['last', 'best'], default='last', help="which checkpoint of a run's folder (default: last)"
    )
    parser.add_argument(
        '--weights',
        choices=['auto', 'average', 'plain'],
        default='auto',
        help='with a moving average (EMA): its weights or the plain ones (default: those in the usual place, '
        "which is the average in this package's files, the plain weights in timm's)",
    )
    parser.add_argument('--data', metavar='TEXT', help='the data it was trained on, for the model card')
    parser.add_argument('--data-license', metavar='TEXT', help='their licence, for the model card')
    parser.add_argument('--config', help=f'recipe of the classifier, for .onnx: {CONFIG_HELP}')
    parser.add_argument(
        '--image-size', type=int, metavar='PIXELS', help="for .onnx (default: the recipe's test images)"
    )
    add_config_options(parser)


def main(args: argparse.Namespace) -> None:
    """Export the backbone, and write the file."""
    if args.out.endswith('.onnx') != bool(args.config):
        raise ValueError(f'--config: expected a recipe with a .onnx file and with nothing else, got {args.config!r}')
    if args.config:
        from agmax_mm.engine.options import parse_options
        from agmax_mm.recipe_files import config_path
        from agmax_mm.transfer.onnx_export import export_onnx

        chosen = {'size': args.image_size, 'weights': args.weights, 'pick': args.pick}
        options = parse_options(args.cfg_options)
        config = config_path(args.config)
        print(f'wrote {args.out}: {export_onnx(config, args.checkpoint, args.out, **chosen, options=options)}')
        return
    from agmax_mm.checkpoints.files import find_checkpoint
    from agmax_mm.transfer.backbone import read_backbone
    from agmax_mm.transfer.export import write_export
    from agmax_mm.transfer.model_card import DataStatement

    data = DataStatement(args.data, args.data_license)
    backbone = read_backbone(find_checkpoint(args.checkpoint, args.pick), args.source, args.weights)
    print(f'wrote {args.out}: {write_export(backbone, args.out, args.to, data)}')
    if 'weights' in backbone.info:
        print(f'weights: the {backbone.info["weights"]} ones of the two in the checkpoint (--weights chooses)')
    contract = backbone.contract
    if contract is None:
        print('preprocessing: not stated in the checkpoint, so nothing will be compared when it is loaded')
        return
    origin = 'assumed for this format' if backbone.info.get('contract_assumed') else 'stated in the checkpoint'
    facts = ', '.join(f'{key} {contract.get(key)}' for key in ('mean', 'std', 'channel_order', 'style'))
    print(f'preprocessing ({origin}): {facts}')
