"""One test class per port, run on the in-memory twin and on every real adapter."""
