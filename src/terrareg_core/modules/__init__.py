"""Modules: module providers, their versions, what a version contains, and how it is published, found and downloaded."""
