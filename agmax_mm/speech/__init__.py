"""Speech: words from short recordings, as spectrograms."""
