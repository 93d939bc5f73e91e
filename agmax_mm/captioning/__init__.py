"""Image captioning: a picture's features start an LSTM, which writes a sentence about it."""
