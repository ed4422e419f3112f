"""The tests: `unit` for the pure core, `integration` for everything that touches the world."""
