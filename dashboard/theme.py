"""Colours, light and dark: text on every background has a contrast of at least 4.5 to 1."""

from __future__ import annotations

THEME: dict[str, str] = {
    "theme.baseRadius": "0.5rem",
    "theme.light.primaryColor": "#1f5fa8",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f1f4f8",
    "theme.light.textColor": "#1b2430",
    "theme.light.linkColor": "#17518f",
    "theme.light.borderColor": "#c3ccd8",
    "theme.dark.primaryColor": "#6aa5ea",
    "theme.dark.backgroundColor": "#10161e",
    "theme.dark.secondaryBackgroundColor": "#1a222d",
    "theme.dark.textColor": "#e8edf3",
    "theme.dark.linkColor": "#8fbcf2",
    "theme.dark.borderColor": "#3a4656",
}
"""Streamlit's options by name."""
