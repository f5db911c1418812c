"""The first schema."""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("audit_by_kind", "audit", ["kind", "at"], unique=False)
    op.create_index("audit_by_time", "audit", ["at"], unique=False)
    op.create_index("audit_by_request", "audit", ["request"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "cards",
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("operation", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("found_by", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=True),
        sa.Column("seen_at", sa.String(), nullable=False),
        sa.Column("followers_before", sa.BigInteger(), nullable=True),
        sa.Column("followers_after", sa.BigInteger(), nullable=True),
        sa.Column("request", sa.String(), nullable=True),
        sa.Column("restored_at", sa.String(), nullable=True),
        sa.Column("restored_by", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("acknowledged_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incidents_by_account", "incidents", ["account", "seen_at"], unique=False)
    op.create_index("incidents_by_person", "incidents", ["person", "acknowledged_at"], unique=False)
    op.create_index("incidents_by_time", "incidents", ["seen_at"], unique=False)
    op.create_index(
        "one_open_of_an_account",
        "incidents",
        ["account"],
        unique=True,
        sqlite_where=sa.text("state = 'open' and kind in ('deactivated', 'late')"),
        postgresql_where=sa.text("state = 'open' and kind in ('deactivated', 'late')"),
    )

    op.create_table(
        "policies",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_table(
        "replays",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("replays_by_time", "replays", ["at"], unique=False)

    op.create_table(
        "requests",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("quorum", sa.Text(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("requester_slack", sa.String(), nullable=True),
        sa.Column("by_policy", sa.Boolean(), nullable=False),
        sa.Column("incident", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("filed_at", sa.String(), nullable=False),
        sa.Column("expires_at", sa.String(), nullable=True),
        sa.Column("quorate_at", sa.String(), nullable=True),
        sa.Column("not_before", sa.String(), nullable=True),
        sa.Column("execute_by", sa.String(), nullable=True),
        sa.Column("claimed_at", sa.String(), nullable=True),
        sa.Column("if_match", sa.String(), nullable=True),
        sa.Column("waits_for", sa.String(), nullable=True),
        sa.Column("waits_since", sa.String(), nullable=True),
        sa.Column("revised_why", sa.String(), nullable=True),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("explains", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("operation"),
    )
    op.create_index(
        "one_in_the_lane",
        "requests",
        ["account"],
        unique=True,
        sqlite_where=sa.text("state in ('running', 'uncertain')"),
        postgresql_where=sa.text("state in ('running', 'uncertain')"),
    )
    op.create_index(
        "one_live_of_a_kind",
        "requests",
        ["account", "action"],
        unique=True,
        sqlite_where=sa.text("state in ('pending', 'approved', 'running', 'uncertain') and not by_policy"),
        postgresql_where=sa.text("state in ('pending', 'approved', 'running', 'uncertain') and not by_policy"),
    )
    op.create_index("requests_by_account", "requests", ["account", "filed_at"], unique=False)
    op.create_index("requests_by_claim", "requests", ["action", "claimed_at"], unique=False)
    op.create_index("requests_by_handle", "requests", ["handle", "filed_at"], unique=False)
    op.create_index("requests_by_requester", "requests", ["requester", "filed_at"], unique=False)
    op.create_index("requests_by_state", "requests", ["state", "filed_at"], unique=False)

    op.create_table(
        "restores",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "sightings",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "tier"),
    )
    op.create_table(
        "suppressed",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_table(
        "tasks",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("tasks_by_due", "tasks", ["state", "due"], unique=False)

    op.create_table(
        "verdicts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("operation", sa.String(), nullable=True),
        sa.Column("explained", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("judged_at", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("verdicts_by_account", "verdicts", ["account", "place"], unique=False)

    op.create_table(
        "votes",
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("slack_user", sa.String(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("request", "revision", "person"),
    )
    op.execute("insert into audit_head (id, seq) values (1, 0)")
    _make_audit_grow_only()


def _make_audit_grow_only() -> None:
    """The log refuses update and delete by triggers, in the words of each database.

    SQLite's `insert or replace` deletes without asking a delete trigger, so an insert must bring the next number.
    """
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger audit_no_{verb} before {verb} on audit "
                "begin select raise(abort, 'the audit log only grows'); end"
            )
        op.execute(
            "create trigger audit_only_the_next before insert on audit "
            "when new.seq is not (select coalesce(max(seq), 0) + 1 from audit) "
            "begin select raise(abort, 'the audit log only grows, by one'); end"
        )
        return
    op.execute(
        "create function audit_only_grows() returns trigger language plpgsql as "
        "$$ begin raise exception 'the audit log only grows'; end $$"
    )
    op.execute(
        "create trigger audit_only_grows before update or delete on audit "
        "for each row execute function audit_only_grows()"
    )
    op.execute(
        "create trigger audit_is_never_emptied before truncate on audit "
        "for each statement execute function audit_only_grows()"
    )


def downgrade() -> None:
    raise NotImplementedError("A log that only grows has no way back.")
