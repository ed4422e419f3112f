"""Analytics: who uses which module at which version (chapter 06)."""
