"""What Streamlit runs. It stands in a folder of its own: beside `pages/`, Streamlit would take that
for a menu and run its modules as scripts.
"""

from __future__ import annotations

from dashboard.app import main

main()
