"""Readers, repair, rejects, exchange, and the generated sample city."""
