"""content and sessions

Revision: 0004, revises 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import ledger.store.columns


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('content',
    sa.Column('sha256', ledger.store.columns.Word(), nullable=False),
    sa.Column('content', ledger.store.columns.Word(), nullable=False),
    sa.Column('size', ledger.store.columns.Int64(), nullable=False),
    sa.Column('added_by', ledger.store.columns.Word(), nullable=False),
    sa.Column('added_at', ledger.store.columns.Int64(), nullable=False),
    sa.PrimaryKeyConstraint('sha256')
    )
    op.create_table('session',
    sa.Column('token_sha256', ledger.store.columns.Word(), nullable=False),
    sa.Column('account', ledger.store.columns.Word(), nullable=False),
    sa.Column('expires_at', ledger.store.columns.Int64(), nullable=False),
    sa.PrimaryKeyConstraint('token_sha256')
    )
    op.create_index('ix_session_expires_at', 'session', ['expires_at'], unique=False)
    op.create_table('spent_nonce',
    sa.Column('nonce', ledger.store.columns.Word(), nullable=False),
    sa.Column('expires_at', ledger.store.columns.Int64(), nullable=False),
    sa.PrimaryKeyConstraint('nonce')
    )
    op.create_index('ix_spent_nonce_expires_at', 'spent_nonce', ['expires_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_spent_nonce_expires_at', table_name='spent_nonce')
    op.drop_table('spent_nonce')
    op.drop_index('ix_session_expires_at', table_name='session')
    op.drop_table('session')
    op.drop_table('content')
