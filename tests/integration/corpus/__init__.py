"""The corpus of modules, read by the real reader."""
