"""Tests against real things: databases, files, processes, and the ports' contracts on every adapter."""
