"""The console command ``agmax-mm``: one thin module a subcommand, which ``tools/*.py`` call, too.

A module of a subcommand has a docstring, whose first line is its help, the text ``EXAMPLE``, and two functions:
``add_arguments(parser)`` and ``main(args)``, which returns an exit code or None. It imports slow modules inside of
``main``. One that can go on after an interruption says how in ``GOES_ON``.
"""

# Name of each subcommand to its module in this package, in the order of the overview.
COMMANDS = {
    'init': 'init',
    'train': 'train',
    'test': 'test',
    'predict': 'predict',
    'export': 'export',
    'convert': 'convert',
    'split': 'split',
    'transfer': 'transfer',
    'robustness': 'robustness',
    'localize': 'localize',
    'compare': 'compare',
    'report': 'report',
    'recipes': 'recipes',
    'views': 'views',
    'digits': 'digits',
    'doctor': 'doctor',
    'demo': 'demo',
    'benchmark': 'benchmark',
    'completion': 'completion',
}
