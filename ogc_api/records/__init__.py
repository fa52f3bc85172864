"""The catalogue as records, for readers and harvesters."""
