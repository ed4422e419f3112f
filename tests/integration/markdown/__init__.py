"""Tests of rendering Markdown and of sanitising HTML."""
