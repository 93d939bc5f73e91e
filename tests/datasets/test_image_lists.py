import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile

from agmax_mm.datasets import ImageFolder, ImageNet


def _write(root, *names):
    """Images whose pixels are their number."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((8, 8, 3), number % 256, np.uint8))


def _labels(data):
    return [data.get_data_info(index)['gt_label'] for index in range(len(data))]


def test_the_order_and_the_labels_are_the_list_s(tmp_path):
    _write(tmp_path / 'images', 'x/0.png', 'x/1.png', 'y with space.png', 'z.png')
    (tmp_path / 'train.txt').write_text('x/1.png 1\n\ny with space.png\t2\n  x/0.png   0  \n')
    data = ImageFolder(str(tmp_path), 'images', ann_file='train.txt', pipeline=[LoadImageFromFile()])
    assert _labels(data) == [1, 2, 0]
    assert [int(data[index]['img'][0, 0, 0]) for index in range(3)] == [1, 2, 0]
    assert data.metainfo['classes'] == ('0', '1', '2')  # as many as the labels tell


def test_imagenet_with_its_validation_images_in_one_folder(tmp_path):
    """Labels mean the training split's folders; not all of them need occur in another split."""
    _write(tmp_path / 'train', 'n01440764/a.JPEG', 'n01443537/a.JPEG', 'n01484850/a.JPEG')
    _write(tmp_path / 'val', 'ILSVRC2012_val_00000001.JPEG', 'ILSVRC2012_val_00000002.JPEG')
    (tmp_path / 'val.txt').write_text('ILSVRC2012_val_00000002.JPEG 2\nILSVRC2012_val_00000001.JPEG 0\n')
    data = ImageNet(str(tmp_path), 'val', ann_file='val.txt')
    assert _labels(data) == [2, 0]
    assert data.metainfo['classes'] == ('n01440764', 'n01443537', 'n01484850')
    (tmp_path / 'val.txt').write_text('ILSVRC2012_val_00000002.JPEG 3\n')
    with pytest.raises(ValueError, match='line 1: expected a label of 0 to 2 .n01440764 to n01484850., got 3'):
        ImageNet(str(tmp_path), 'val', ann_file='val.txt')


def test_imagenet_with_lists_alone(tmp_path):
    _write(tmp_path / 'train', *(f'{label}.png' for label in range(1000)))
    _write(tmp_path / 'val', 'a.png')
    (tmp_path / 'train.txt').write_text(''.join(f'{label}.png {label}\n' for label in range(1000)))
    (tmp_path / 'val.txt').write_text('a.png 999\n')
    train, val = (ImageNet(str(tmp_path), split, ann_file=f'{split}.txt') for split in ('train', 'val'))
    assert train.metainfo['classes'] == val.metainfo['classes']
    assert train.metainfo['classes'][:2] == ('tench, Tinca tinca', 'goldfish, Carassius auratus')
    assert (len(train), _labels(val)) == (1000, [999])


def test_folders_that_are_no_classes(tmp_path):
    """The lists tell the classes where the training folder's subfolders mean something else."""
    _write(tmp_path / 'train', 'camera1/a.png', 'camera1/b.png')
    _write(tmp_path / 'val', 'c.png')
    (tmp_path / 'train.txt').write_text('camera1/a.png 0\ncamera1/b.png 1\n')
    (tmp_path / 'val.txt').write_text('c.png 1\n')
    assert len(ImageFolder(str(tmp_path), 'train', ann_file='train.txt').metainfo['classes']) == 2
    with pytest.raises(ValueError, match='line 1: expected a label of 0 to 0 .camera1 to camera1., got 1'):
        ImageFolder(str(tmp_path), 'val', ann_file='val.txt')
    val = ImageFolder(str(tmp_path), 'val', ann_file='val.txt', classes=['left', 'right'])
    assert val.metainfo['classes'] == ('left', 'right')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.png 0\nb.png\n', "list.txt', line 2: expected \"path label\" with an integer label, got 'b.png'"),
        ('a.png 0\n\nb.png one\n', "list.txt', line 3: expected .* got 'b.png one'"),
        ('a.png 0\nb.png 1.5\n', "line 2: expected .* got 'b.png 1.5'"),
        ('a.png 0\nb.png -1\n', "line 2: expected a label of 0 to 1 .cat to dog., got -1 for 'b.png'"),
        ('a.png 0\nb.png 7\n', "line 2: expected a label of 0 to 1 .cat to dog., got 7 for 'b.png'"),
        ('a.png 0\nsub/c.png 1\nd.png 1\n', r"line 2: expected an image at '.*images/sub/c.png', got none \(2 of 3"),
        ('a.png 0\nd.png 1\nsub/c.png 1\n', "line 2: expected an image at '.*images/d.png', got none"),
        (f'a.png {"9" * 5000}\n', "line 1: expected .* got 'a.png 99"),
        ('a.png --1\n', "line 1: expected .* got 'a.png --1'"),
        ('b.png 1\n', "expected images of all 2 classes in .*list.txt.*, got none of 1: 'cat'; where"),
        ('\n \n', 'list.txt.*: expected images, one "path label" a line, got none'),
        (b'\xff\xfe\x00 0\n', 'list.txt.*: expected text in UTF-8'),
        (None, "expected a list of images at '.*list.txt', got none"),
    ],
)
def test_what_is_wrong_with_a_list_is_said_in_one_line(tmp_path, text, message):
    _write(tmp_path / 'images', 'a.png', 'b.png')
    if text is not None:
        (tmp_path / 'list.txt').write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=f'ImageFolder: .*{message}') as caught:
        ImageFolder(str(tmp_path), 'images', classes_split='images', ann_file='list.txt', classes=['cat', 'dog'])
    assert '\n' not in str(caught.value)


def test_labels_that_skip_a_class(tmp_path):
    _write(tmp_path / 'images', 'a.png', 'b.png')
    (tmp_path / 'list.txt').write_text('a.png 0\nb.png 3\n')
    with pytest.raises(
        ValueError, match=r"all 4 classes in .*list.txt.*, got none of 2: '1', '2'; .*labels here: 0 to 3"
    ):
        ImageFolder(str(tmp_path), 'images', ann_file='list.txt')


def test_a_huge_label_is_refused_at_once(tmp_path):
    """Names for all classes up to it would fill the memory."""
    _write(tmp_path / 'images', 'a.png', 'b.png')
    (tmp_path / 'list.txt').write_text('a.png 0\nb.png 100000000000\n')
    message = r"all 100000000001 classes in .*, got none of 99999999999: '1', '2', '3', '4', '5'; .*0 to 100000000000"
    with pytest.raises(ValueError, match=message):
        ImageFolder(str(tmp_path), 'images', ann_file='list.txt')
    (tmp_path / 'list.txt').write_text('a.png 0\nb.png -3\n')
    with pytest.raises(ValueError, match="line 2: expected a label of at least 0, got -3 for 'b.png'"):
        ImageFolder(str(tmp_path), 'images', ann_file='list.txt')
