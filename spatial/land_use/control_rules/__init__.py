"""Rules on control lines as data: a profile for China, and a plain one for anywhere."""
