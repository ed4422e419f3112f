"""The real terraform binary against a running registry."""
