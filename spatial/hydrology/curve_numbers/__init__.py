"""Curve numbers as data: cover by soil group and condition, and the covers of land-use classes."""
