#!/usr/bin/env python
"""Turn a checkpoint into one backbone file with provenance: no classifier, no pair head, nothing but weights."""

from __future__ import annotations

import argparse

from agmax_mm.cli import make_parser, run

_EXAMPLE = """formats:
{formats}

example:
  python tools/export_backbone.py work_dirs/resnet50_cutmix_aa_270e/epoch_270.pth backbone.safetensors

In both kinds of file the keys begin with "backbone."; mmdet reads the .pth form also with
  init_cfg=dict(type='Pretrained', checkpoint='backbone.pth', prefix='backbone.')
which, unlike default_hooks.backbone, neither insists on every tensor nor compares the preprocessing.
"""
_FORMATS = {
    'agmax': "the AgMax authors' ImageNet checkpoints (keys below feature_extractor.)",
    'agmax_cifar': "the AgMax authors' checkpoints of wide ResNets, fed CIFAR images",
    'openmmlab': "exported backbones, this package's, mmpretrain's and mmdet's checkpoints (keys below backbone.)",
    'torchvision': "torchvision's ResNets, the AgMax authors' ResNet extractors (keys conv1., bn1., layer1. and so on)",
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    formats = '\n'.join(f'  {name:12} {text}' for name, text in _FORMATS.items())
    parser = make_parser(__doc__, _EXAMPLE.format(formats=formats))
    parser.add_argument('checkpoint', help='file to read')
    parser.add_argument('out', help='file to write, .safetensors or .pth')
    parser.add_argument('--from', dest='source', choices=['auto', *_FORMATS], default='auto', help='(default: auto)')
    return parser.parse_args()


def main() -> None:
    """Export."""
    args = parse_args()
    from agmax_mm.transfer.backbone import read_backbone, write_backbone

    backbone = read_backbone(args.checkpoint, args.source)
    write_backbone(backbone, args.out)
    print(f'wrote {args.out}: {backbone.summary()}')
    contract = backbone.contract
    if contract is None:
        print('preprocessing: not stated in the checkpoint, so nothing will be compared when it is loaded')
        return
    origin = 'assumed for this format' if backbone.info.get('contract_assumed') else 'stated in the checkpoint'
    facts = ', '.join(f'{key} {contract.get(key)}' for key in ('mean', 'std', 'channel_order', 'style'))
    print(f'preprocessing ({origin}): {facts}')


if __name__ == '__main__':
    run(main)
