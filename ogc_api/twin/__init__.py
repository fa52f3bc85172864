"""The twin as OGC APIs tell of it: the state as a collection, its paths in the OpenAPI document."""
