"""Alerts: rules as data, what they make of readings, and what people do about it."""
