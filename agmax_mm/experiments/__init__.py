"""Studies: variants of one recipe, each trained with several seeds, and the table of their means and spreads."""
