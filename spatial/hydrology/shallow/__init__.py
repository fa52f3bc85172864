"""Shallow water on a grid: the local-inertia equations in two dimensions."""
