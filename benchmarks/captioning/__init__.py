"""Captioning on little data, with a backbone that others trained."""
