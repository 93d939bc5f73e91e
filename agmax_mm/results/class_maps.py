"""Pictures with class activation maps and boxes over them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agmax_mm.results.escape import in_lines
from agmax_mm.results.plots import COLOURS, new_figure, save_figure

# Of the objects, and of what was found: told apart also by people who do not see all colours.
TRUTH, FOUND = COLOURS[1], COLOURS[5]
_OPACITY = 0.5


@dataclass(frozen=True)
class MapPicture:
    """A picture, what lies over it, and what stands below.

    Attributes:
        image: RGB, uint8, shape ``(H, W, 3)``.
        heat: Shape ``(H, W)``; drawn in colours from 0 to its maximum. None for the picture alone.
        truth: Boxes of the objects, half-open, shape ``(M, 4)``.
        found: Boxes that were found, likewise.
        caption: A line or two.
    """

    image: NDArray[np.uint8]
    heat: NDArray[np.float64] | None = None
    truth: NDArray[Any] | None = None
    found: NDArray[Any] | None = None
    caption: str = ''


def map_grid(
    rows: Sequence[Sequence[MapPicture]],
    path: str | os.PathLike[str],
    *,
    column_titles: Sequence[str],
    row_titles: Sequence[str] = (),
) -> None:
    """Draw pictures in rows, one column for each title.

    Args:
        rows: The pictures, as many in each row as there are titles.
        path: Picture file to write.
        column_titles: A title for each column.
        row_titles: A title for each row, at its left.
    """
    figure, panels = new_figure(len(rows), len(column_titles), width=2.2 * len(column_titles), height=2.4 * len(rows))
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            _draw(panels[i][j], picture)
            if i == 0:
                panels[i][j].set_title(in_lines(column_titles[j], 28), fontsize=9)
        if row_titles:
            panels[i][0].set_ylabel(in_lines(row_titles[i], 28), fontsize=9)
    save_figure(figure, path)


def blended(picture: MapPicture) -> NDArray[np.uint8]:
    """The picture with its map over it, RGB, uint8, shape ``(H, W, 3)``."""
    if picture.heat is None:
        return picture.image
    from matplotlib import colormaps

    top = float(picture.heat.max())
    shares = np.clip(picture.heat / top, 0, 1) if top > 0 else np.zeros_like(picture.heat)
    colours = 255 * colormaps['turbo'](shares)[..., :3]
    return np.asarray((1 - _OPACITY) * picture.image + _OPACITY * colours).round().astype(np.uint8)


def _draw(panel: Any, picture: MapPicture) -> None:
    from matplotlib.patches import Rectangle

    panel.imshow(blended(picture), interpolation='nearest')
    panel.set_xticks([])
    panel.set_yticks([])
    panel.spines[:].set_visible(False)
    for boxes, colour, style in ((picture.truth, TRUTH, '-'), (picture.found, FOUND, '--')):
        for x1, y1, x2, y2 in [] if boxes is None else np.asarray(boxes, dtype=float):
            # A pixel's picture reaches half of it to each side of its place.
            panel.add_patch(
                Rectangle(
                    (x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linestyle=style, linewidth=1.8
                )
            )
    if picture.caption:
        lines = (in_lines(line, 36) for line in picture.caption.splitlines())
        panel.set_xlabel('\n'.join(lines), fontsize=7)
