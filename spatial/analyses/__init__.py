"""Analyses: each defined once, queued as a durable job, run anywhere, its result a layer."""
