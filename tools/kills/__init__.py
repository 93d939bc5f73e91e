"""A harness that stops small runs at chosen places, resumes them, and compares them with the uninterrupted run."""
