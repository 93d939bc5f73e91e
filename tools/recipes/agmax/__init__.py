"""The AgMax paper: its pre-training tables and the recipe behind each of their cells."""
