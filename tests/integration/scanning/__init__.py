"""Tests of the optional programs, with small programs of our own in their place."""
