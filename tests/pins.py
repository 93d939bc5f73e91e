"""The exact versions that an installation takes."""

import re

from tools.install_machine import ROOT
from tools.install_stamp import normalised

CONSTRAINTS = (ROOT / 'requirements' / 'constraints.txt').read_text()
PINS = {normalised(name): version for name, version in re.findall(r'^([\w.-]+)==(\S+)$', CONSTRAINTS, re.MULTILINE)}
