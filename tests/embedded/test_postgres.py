"""The embedded PostgreSQL."""

import psycopg

from tests.support.databases import Database


def test_each_test_has_a_database_of_its_own(empty_database: Database):
    """Owner and application reach the same database, as different roles."""
    query = "SELECT current_user::text, current_database()::text"
    with (
        psycopg.connect(empty_database.owner_url) as owner,
        psycopg.connect(empty_database.app_url) as application,
    ):
        assert owner.execute(query).fetchone() == ("milepost_owner", empty_database.name)
        assert application.execute(query).fetchone() == ("milepost_app", empty_database.name)
