"""The page that says whether AgMax helps, from the tables of the studies that were run."""
