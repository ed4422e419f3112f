"""Signing in through identity providers, against real ones that may misbehave."""
