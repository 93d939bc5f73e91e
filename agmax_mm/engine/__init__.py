"""Running: configs, processes, hooks and records."""
