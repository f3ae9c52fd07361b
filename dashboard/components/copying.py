"""Ids and texts that are copied with a click.

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

_TEXT_CSS = """
div {position:relative}
pre {margin:0;padding:.75rem 4.5rem .75rem 1rem;border-radius:.5rem;white-space:pre-wrap;
  overflow-wrap:anywhere;max-height:32rem;overflow-y:auto;font-size:.875rem;line-height:1.5;
  font-family:var(--st-code-font,monospace);color:var(--st-text-color);
  background:var(--st-secondary-background-color)}
button {position:absolute;top:.4rem;right:.4rem;font:inherit;font-size:.875rem;cursor:pointer;
  color:var(--st-text-color);background:var(--st-background-color);
  border:1px solid rgba(128,128,128,.5);border-radius:.4rem;padding:.15rem .6rem}
pre:focus-visible, button:focus-visible {outline:3px solid var(--st-primary-color);
  outline-offset:2px}
"""
_TEXT_JS = """
export default function ({ data, parentElement }) {
  parentElement.querySelector("pre").textContent = data.text;
  const button = parentElement.querySelector("button");
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(data.text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(parentElement.querySelector("pre"));
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
}
"""

_COPY = st.components.v2.component("concord_copy", html="<ul></ul>", css=_CSS, js=_JS)
_TEXT = st.components.v2.component(
    "concord_text",
    html='<div><pre tabindex="0"></pre><button type="button">Copy</button></div>',
    css=_TEXT_CSS,
    js=_TEXT_JS,
)


def copyable(items: Sequence[tuple[str, str]], key: str) -> None:
    """Shows ids that copy with a click.

    Args:
        items: name and value of each.
        key: of the widget, unique on the page.
    """
    _COPY(key=key, data={"items": [list(item) for item in items]})


def verbatim(value: str, key: str) -> None:
    """Shows a text as it is, to be copied. Streamlit's own `st.code` would have every browser load
    and start the grammars of three hundred programming languages.

    Args:
        value: anybody's text.
        key: of the widget, unique on the page.
    """
    _TEXT(key=key, data={"text": value})
