"""Backbones in and out, and fine-tuning for detection."""
