"""Hostile input without end: what no list of examples would think of."""
