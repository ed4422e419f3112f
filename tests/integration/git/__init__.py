"""Fetching from git: real repositories, servers and programs, and hostile ones."""
