"""Implementations of the core's ports, and the composition root that puts them together (`assembly`)."""
