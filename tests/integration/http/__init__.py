"""The HTTP face over a real registry: what clients see."""
