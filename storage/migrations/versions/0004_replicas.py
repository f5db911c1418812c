"""Several processes on one PostgreSQL."""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("leases", sa.Column("since", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("leases", sa.Column("facts", sa.Text(), nullable=False, server_default="{}"))
    op.create_index("sightings_by_tier", "sightings", ["tier", "at"])
    if op.get_bind().dialect.name == "sqlite":
        return
    # as on SQLite since the first schema: an entry brings the next number, or it is none of the program's
    op.execute(
        "create function audit_takes_only_the_next() returns trigger language plpgsql as "
        "$$ begin if new.seq is distinct from (select coalesce(max(seq), 0) + 1 from audit) then "
        "raise exception 'the audit log only grows, by one'; end if; return new; end $$"
    )
    op.execute(
        "create trigger audit_only_the_next before insert on audit "
        "for each row execute function audit_takes_only_the_next()"
    )


def downgrade() -> None:
    raise NotImplementedError("A log that only grows has no way back.")
