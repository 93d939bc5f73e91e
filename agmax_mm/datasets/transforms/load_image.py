"""Reading of image files."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import LoadImageFromFile
from mmengine import fileio

from agmax_mm.datasets.encoded_image import EncodedImage
from agmax_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """Read a file, and let :class:`agmax_mm.datasets.TwoView` decode it, in the size that is needed.

    mmcv's ``LoadImageFromFile`` decodes it at once. The next transform must be ``TwoView``.

    Required key: ``img_path``. Added key: ``img``, an :class:`agmax_mm.datasets.encoded_image.EncodedImage`.

    Args:
        backend_args: Storage of the files, as in mmcv.
    """

    def __init__(self, *, backend_args: dict[str, Any] | None = None) -> None:
        super().__init__(backend_args=backend_args)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the encoded image to a sample."""
        results['img'] = EncodedImage(fileio.get(results['img_path'], backend_args=self.backend_args))
        return results
