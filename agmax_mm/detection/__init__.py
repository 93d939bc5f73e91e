"""Detection: data sets, networks, metrics and what a recipe of mmdet gets here in addition."""
