"""History as a resource: versions, mementos, differences."""
