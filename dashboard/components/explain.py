"""The meaning of a word, one click away."""

from __future__ import annotations

import streamlit as st

from dashboard.words.glossary import GLOSSARY


def meaning(*words: str) -> None:
    """A small button that opens what these words of the glossary mean."""
    with st.popover("What does this mean?", icon=":material/help:"):
        for word in words:
            st.markdown(f"**{word.capitalize()}**: {GLOSSARY[word]}")


def hint(word: str) -> str:
    """The meaning, for a widget's `help`."""
    return GLOSSARY[word]
