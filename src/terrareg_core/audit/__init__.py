"""Audit: what was changed, when, and by whom (chapter 02, 14 and chapter 04, 12)."""
