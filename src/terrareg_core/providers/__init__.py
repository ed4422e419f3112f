"""Providers of terraform: finding them."""
