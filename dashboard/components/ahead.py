"""What widgets of later pages are made of, fetched by the browser while nobody waits for it.

Streamlit fetches the program of a widget when the first one is drawn: in the middle of a click,
file after file, from a server that is busy with drawing the page. Fetched ahead, one file at a time
once a page stands and the browser has nothing else to do, they are there when they are needed. A
file that cannot be had is left to Streamlit.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import streamlit

WIDGETS = (
    "ButtonGroup",
    "Button",
    "TextInput",
    "Selectbox",
    "Pagination",
    "Slider",
    "BidiComponent",
    "DateInput",
    "DownloadButton",
    "TextArea",
    "NumberInput",
    "Multiselect",
    "FileUploader",
    "Radio",
    "Checkbox",
)
"""Streamlit's names of the widgets that pages have, those first that most pages have."""

_FILES = Path(streamlit.__file__).parent / "static" / "static" / "js"

_SCRIPT = """\
const root = document.documentElement;
if (root.dataset.concordFetches) return;
root.dataset.concordFetches = "widgets";
const PAUSE = 50;  // milliseconds
const own = document.querySelector("script[type=module][src*='static/js/']");
const files = %s;
const isStill = () => document.querySelector("[data-testid=stApp]")
  ?.dataset.testScriptState === "notRunning";
const soon = () => setTimeout(() => (globalThis.requestIdleCallback ?? setTimeout)(next), PAUSE);
const next = () => {
  if (!files.length) return;
  if (!isStill()) return soon();
  import(new URL(files.shift(), own.src)).catch(() => {}).then(soon);
};
if (own) soon();"""


@cache
def files() -> tuple[str, ...]:
    """Names of the files, as the browser asks for them; a widget that Streamlit lacks has none."""
    return tuple(path.name for name in WIDGETS for path in _FILES.glob(f"{name}.*.js"))


def fetching_ahead() -> str:
    """The program that fetches them."""
    return _SCRIPT % json.dumps(files())
