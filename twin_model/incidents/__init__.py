"""Incidents: what belongs together, who does what about it, official warnings and responses."""
