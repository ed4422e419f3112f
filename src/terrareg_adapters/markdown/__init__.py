"""Markdown and HTML of strangers, made fit to be shown: rendering, heading anchors, and the one HTML sanitiser."""
