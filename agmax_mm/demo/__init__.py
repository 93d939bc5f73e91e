"""The demonstration: pre-train with and without AgMax, transfer both to detection, report. See ``tools/demo.py``."""
