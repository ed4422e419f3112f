"""Identity providers: where people sign in, asked through one bounded HTTP client."""
