"""Tests of the `terrareg` command, each in processes of its own, as people run it."""
