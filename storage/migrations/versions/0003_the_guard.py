"""The guard in depth: what an incident's counts did, how actors stand, latches, and who is the guard."""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXTS = (
    "purge_at",
    "decided_at",
    "sent_at",
    "baseline_at",
    "baseline_from",
    "sampled_at",
    "whole_at",
    "contained_at",
    "reinstated_at",
    "established",
    "established_by",
    "established_at",
)
COUNTS = ("following_before", "followers_now", "following_now")
LIVE = sa.text("state in ('pending', 'approved', 'running', 'uncertain')")


def upgrade() -> None:
    for name in TEXTS:
        op.add_column("incidents", sa.Column(name, sa.String(), nullable=True))
    for name in COUNTS:
        op.add_column("incidents", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("incidents", sa.Column("quiet", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("incidents_by_actor", "incidents", ["actor", "seen_at"], unique=False)
    op.create_index("verdicts_by_actor", "verdicts", ["actor", "judged_at"], unique=False)
    op.create_index("requests_live", "requests", ["account"], sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_table(
        "samples",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("followers", sa.BigInteger(), nullable=True),
        sa.Column("following", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "at"),
    )
    op.create_index("samples_by_time", "samples", ["at"], unique=False)
    op.create_table(
        "actors",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("actor"),
    )
    op.create_table(
        "latches",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
