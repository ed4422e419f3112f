"""What Alembic runs a migration in: the connection that `schema` opened, inside its transaction."""

from alembic import context

from terrareg_adapters.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
