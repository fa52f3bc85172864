"""CQL2 as a condition on the rows of a layer."""
