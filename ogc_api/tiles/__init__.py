"""Tiles: of one layer, of several, and the squares that they come in."""
