"""A pool of worker processes for slow or hostile work, and the ports whose work is done there."""
