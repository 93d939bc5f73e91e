"""Results to tables, plots and pages. Knows result files and pictures, nothing of models."""
