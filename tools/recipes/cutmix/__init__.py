"""The CutMix paper: its classification tables and the recipe behind each of their trained rows."""
