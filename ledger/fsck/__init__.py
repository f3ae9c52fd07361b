"""Checking a whole ledger: everything derived is derived again, and compared.

    leaves → leaf hashes → tiles → roots → checkpoints → head → last signed checkpoint
    leaves → events → signatures → authority → views;   vault → commitments

The first thing that differs is named, with its place; nothing is repaired. All of it happens in one
read transaction, so a ledger at work can be checked, and in bounded memory: facts are compared as
they are made again, only entities are kept.
"""

from ledger.fsck.check import fsck
from ledger.fsck.report import Difference, Progress, Report

__all__ = ["Difference", "Progress", "Report", "fsck"]
