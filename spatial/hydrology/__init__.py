"""Hydrology: where the water goes, and what the city's land does to it."""
