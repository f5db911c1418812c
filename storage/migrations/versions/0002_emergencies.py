"""Emergencies: their deadline, their undoing; and the denial that came before a request."""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = ("ratify_by", "undoes", "undo", "undone_by", "undone_at", "denied_before")


def upgrade() -> None:
    for name in ADDED:
        op.add_column("requests", sa.Column(name, sa.String(), nullable=True))
    op.create_index("requests_unratified", "requests", ["emergency", "state"], unique=False)
