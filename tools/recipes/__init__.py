"""The tables of the papers, the recipes behind them, and the checks of these."""
