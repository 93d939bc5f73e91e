"""``python -m agmax_mm COMMAND``: the same as ``agmax-mm COMMAND``, for launchers that start modules."""

from agmax_mm.commands.console import main

if __name__ == '__main__':
    main()
