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

    Pictures are turned by their EXIF orientation, as in the host, unless ``ignore_orientation`` is set. The papers'
    authors load images with Pillow, which does not turn them. For mmcv's ``LoadImageFromFile``, in test pipelines, the
    same switch is ``color_type='color_ignore_orientation'``.

    Args:
        ignore_orientation: Leave pictures as they are stored.
        backend_args: Storage of the files, as in mmcv.
    """

    def __init__(self, *, ignore_orientation: bool = False, backend_args: dict[str, Any] | None = None) -> None:
        super().__init__(backend_args=backend_args)
        self.ignore_orientation = ignore_orientation

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the encoded image to a sample."""
        content = fileio.get(results['img_path'], backend_args=self.backend_args)
        results['img'] = EncodedImage(content, ignore_orientation=self.ignore_orientation)
        return results
