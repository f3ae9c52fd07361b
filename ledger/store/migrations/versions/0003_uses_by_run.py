"""uses by run

Revision: 0003, revises 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_access_use_run',
        'access_use',
        ['run', 'index'],
        unique=False,
        sqlite_where=sa.text('run IS NOT NULL'),
        postgresql_where=sa.text('run IS NOT NULL'),
    )


def downgrade() -> None:
    op.drop_index('ix_access_use_run', table_name='access_use')
