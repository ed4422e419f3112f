"""Tests of the pool of worker processes, with real processes."""
