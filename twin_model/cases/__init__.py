"""Cases: what was reported, whose it is, until when, and what became of it."""
