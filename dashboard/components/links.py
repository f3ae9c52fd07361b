"""Links within what `show` puts onto a page: followed without loading the page anew.

They are plain links, with an address that opens in another tab as well; a browser that runs no
script of ours follows them all the same. With it, the browser's address changes and Streamlit is
told as it is told of the browser's own way back: it runs the page that the address names.
"""

from __future__ import annotations

import streamlit as st

_KEY = "follow-links"
_HIDDEN = f"<style>.st-key-{_KEY} {{display:none}}</style>"
_JS = """
export default function () {
  const root = document.documentElement;
  if (root.dataset.concordFollows) return;
  root.dataset.concordFollows = "links";
  document.addEventListener("click", (event) => {
    const isPlain = event.button === 0
      && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const link = event.target.closest?.("a.c-go");
    if (!link || !isPlain || event.defaultPrevented) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    dispatchEvent(new PopStateEvent("popstate"));
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
  });
}
"""

_FOLLOW = st.components.v2.component("concord_links", html="<i></i>", js=_JS)


def follow_links() -> None:
    """Makes links be followed that way, on every page."""
    st.html(_HIDDEN)
    with st.container(key=_KEY):
        _FOLLOW(key=f"{_KEY}-script")
