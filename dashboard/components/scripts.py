"""Programs that run in the browser beside the pages: one element of the page, which shows nothing.

Streamlit runs them again whenever it draws that element anew; each keeps itself from doing twice
what is to be done once.
"""

from __future__ import annotations

import streamlit as st

_KEY = "scripts"
_HIDDEN = f"<style>.st-key-{_KEY} {{display:none}}</style>"


def run_beside(*scripts: str) -> None:
    """Runs programs in the browser.

    Args:
        scripts: JavaScript, ours, with nothing of anybody else's in it.
    """
    body = "".join(f"<script>\n(() => {{\n{script}\n}})();\n</script>" for script in scripts)
    with st.container(key=_KEY):
        st.html(_HIDDEN + body, unsafe_allow_javascript=True)
