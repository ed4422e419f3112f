"""Runs programs of the operator's choice over a module's sources: security scanners and a cost estimator."""
