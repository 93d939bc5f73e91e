"""The guides as a list of what their readers type."""
