"""Tests of the reader of Terraform's source files."""
