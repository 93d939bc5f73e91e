"""A package, because some of the host's distributions install one of this name too."""
