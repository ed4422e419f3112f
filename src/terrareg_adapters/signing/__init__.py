"""Signatures: pre-signed archive keys."""
