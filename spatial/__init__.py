"""The PostGIS-backed core: AsOf, time-indexed layers, scenarios, access, analyses."""
