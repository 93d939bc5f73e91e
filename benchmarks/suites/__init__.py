"""Measurements of speed and memory: ratios between forms that ran side by side in one process."""
