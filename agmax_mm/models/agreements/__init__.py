"""Agreement terms: the loss that makes the predictions for two views of an image agree.

Each file of this folder registers its terms with :func:`register_agreement`. All files are imported here, so a new one
needs no entry in a list.
"""

import importlib
import pkgutil

from agmax_mm.models.agreements.base import BaseAgreement, view_agreement
from agmax_mm.models.agreements.registry import AGREEMENTS, build_agreement, register_agreement

for _file in pkgutil.iter_modules(__path__):
    importlib.import_module(f'{__name__}.{_file.name}')

__all__ = ['AGREEMENTS', 'BaseAgreement', 'build_agreement', 'register_agreement', 'view_agreement']
