"""Namespaces: who modules and providers belong to, and the redirects that their former names leave behind."""
