"""What Alembic runs to reach the database: it gets the connection that `db/migrations.py` has locked."""

from alembic import context

from course_app.db.rows import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
