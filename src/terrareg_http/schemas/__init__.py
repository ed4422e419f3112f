"""The shapes of requests and responses, as attrs classes, and what reads, writes and describes them."""
