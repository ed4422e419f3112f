"""Tests of the pure core: no I/O, storage by the in-memory twins."""
