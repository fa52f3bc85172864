"""Features: items read, written and described."""
