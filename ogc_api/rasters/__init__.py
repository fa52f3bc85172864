"""Rasters: coverages of every form, legends and pictures."""
