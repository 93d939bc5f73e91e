"""Rows of pictures, as they are and with the objects that were found in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agmax_mm.results.escape import in_lines
from agmax_mm.results.plots import COLOURS, new_figure, save_figure


def picture_grid(
    rows: Sequence[Sequence[NDArray[np.uint8]]],
    path: str | os.PathLike[str],
    *,
    row_titles: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
    side: float = 1.25,
) -> None:
    """Draw RGB pictures in rows, each with a caption below it.

    Args:
        rows: Pictures, uint8, shape ``(H, W, 3)``, the same number in each row.
        path: Picture file to write.
        row_titles: A title for each row, at its left.
        captions: A caption for each picture.
        side: Inches of a picture's side.
    """
    line_heights = [0.2 + 0.14 * max((caption.count('\n') + 1 for caption in row), default=0) for row in captions]
    height = side * len(rows) + (sum(line_heights) if captions else 0)
    figure, panels = new_figure(len(rows), len(rows[0]), width=(side + 0.05) * len(rows[0]) + 0.4, height=height)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            _show(panels[i][j], picture)
            if captions:
                panels[i][j].set_xlabel(captions[i][j], fontsize=8)
        if row_titles:
            panels[i][0].set_ylabel(row_titles[i], fontsize=9)
    save_figure(figure, path)


def detection_grid(
    rows: Sequence[Sequence[Mapping[str, Any]]],
    path: str | os.PathLike[str],
    *,
    column_titles: Sequence[str],
    class_names: Sequence[str],
) -> None:
    """Draw pictures with objects: one row per image, one column per source, such as the truth and two models.

    Args:
        rows: For each picture ``image`` (RGB, uint8, shape ``(H, W, 3)``), ``boxes`` (``(n, 4)``, corners in pixels),
            ``labels`` (``(n,)``), and where there are any ``scores`` (``(n,)``) and ``masks`` (bool, ``(n, H, W)``).
        path: Picture file to write.
        column_titles: A title for each column.
        class_names: The classes' names.
    """
    columns = len(column_titles)
    figure, panels = new_figure(len(rows), columns, width=2.9 * columns, height=2.95 * len(rows))
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            _draw_objects(panels[i][j], picture, class_names)
            if i == 0:
                panels[i][j].set_title(in_lines(column_titles[j], 36), fontsize=11)
    save_figure(figure, path)


def _draw_objects(panel: Any, picture: Mapping[str, Any], class_names: Sequence[str]) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    image = picture['image'].astype(np.float32) / 255
    labels = np.asarray(picture['labels'])
    scores, masks = picture.get('scores'), picture.get('masks')
    for label, mask in zip(labels, masks if masks is not None else [], strict=False):
        image[mask] = 0.35 * image[mask] + 0.65 * np.array(to_rgb(COLOURS[int(label) % len(COLOURS)]))
    _show(panel, image)
    for index, (box, label) in enumerate(zip(np.asarray(picture['boxes']), labels, strict=True)):
        x1, y1, x2, y2 = (float(value) for value in box)
        colour = COLOURS[int(label) % len(COLOURS)]
        panel.add_patch(Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linewidth=1.4))
        text = class_names[int(label)] + (f' {100 * float(scores[index]):.0f}' if scores is not None else '')
        # Above the box; inside it where the picture ends.
        place = dict(y=y1 - 1, va='bottom') if y1 > 9 else dict(y=y1, va='top')
        panel.text(
            x=x1, s=text, color='white', fontsize=7, bbox=dict(facecolor=colour, edgecolor='none', pad=0.8), **place
        )


def _show(panel: Any, picture: NDArray[Any]) -> None:
    panel.imshow(picture, interpolation='nearest')
    panel.set_xticks([])
    panel.set_yticks([])
    panel.spines[:].set_visible(False)
