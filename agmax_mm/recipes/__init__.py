"""The AgMax paper's pre-training tables, the recipe behind each of their cells, and the checks of these."""
