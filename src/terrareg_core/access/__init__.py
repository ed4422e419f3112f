"""Who asks, and what they may do: identities, credentials, and the permission rules of chapter 04."""
