"""Tests of the archives that come in and go out: real files, honest and hostile."""
