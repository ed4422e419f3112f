"""Storage in a relational database: the unit of work and its repositories on SQLite and PostgreSQL."""
