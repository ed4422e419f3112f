"""In-memory twins of the core's ports: for tests, for embedding without a disk, and as the reference semantics."""
