"""Runs migrations on the connection that `storage.database` holds; nothing else calls Alembic."""

from alembic import context

from storage import tables  # noqa: F401 - fills the metadata
from sqlmodel import SQLModel

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
