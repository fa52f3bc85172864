"""Places by their names, and names by their places."""
