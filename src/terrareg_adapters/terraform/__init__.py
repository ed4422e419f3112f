"""Terraform's own formats: source trees, the archives that carry them, and the language they are written in."""
