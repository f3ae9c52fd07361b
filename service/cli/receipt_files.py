"""The file that a receipt is kept in: tried before anything is signed, for what is recorded stays
recorded, and its receipt should not be lost to a slip in a path.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _try(file: Path | None) -> Path | None:
    if file is not None:
        is_new = not file.exists()
        file.open("ab").close()
        if is_new:
            file.unlink()
    return file


ReceiptFile = Annotated[
    Path | None, typer.Option("--receipt", callback=_try, help="File to keep the receipt in.")
]
"""An option of what writes to the ledger or votes; OSError if nothing can be written there."""
