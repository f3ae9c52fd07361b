"""Ids that are copied with a click.

The values go to the component as data and are set as text.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

_CSS = """
ul {list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.4rem}
button {font:inherit;font-size:.875rem;color:var(--st-text-color);cursor:pointer;max-width:100%;
  background:var(--st-secondary-background-color);border:1px solid rgba(128,128,128,.5);
  border-radius:.4rem;padding:.2rem .6rem;text-align:left;overflow-wrap:anywhere}
button:focus-visible {outline:3px solid var(--st-primary-color);outline-offset:2px}
code {font-family:var(--st-code-font,monospace);font-size:.8125rem}
"""
_JS = """
export default function ({ data, parentElement }) {
  const list = parentElement.querySelector("ul");
  list.replaceChildren(...data.items.map(([name, value]) => {
    const code = document.createElement("code");
    code.textContent = value.length > 34 ? value.slice(0, 18) + "…" + value.slice(-10) : value;
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Copy " + value;
    button.append("Copy " + name + ": ", code, " ", said);
    button.onclick = async () => {
      try {
        await navigator.clipboard.writeText(value);
        said.textContent = "copied";
      } catch {
        said.textContent = value;
      }
      setTimeout(() => { said.textContent = ""; }, 2000);
    };
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
}
"""

_COPY = st.components.v2.component("concord_copy", html="<ul></ul>", css=_CSS, js=_JS)


def copyable(items: Sequence[tuple[str, str]], key: str) -> None:
    """Shows ids that copy with a click.

    Args:
        items: name and value of each.
        key: of the widget, unique on the page.
    """
    _COPY(key=key, data={"items": [list(item) for item in items]})
