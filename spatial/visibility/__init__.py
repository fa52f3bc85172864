"""What can be seen from where, over terrain and buildings."""
