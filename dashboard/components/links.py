"""Links within what `show` puts onto a page: followed without loading the page anew.

They are plain links, with an address that opens in another tab as well; a browser that runs no
script of ours follows them all the same. With it, the browser's address changes and Streamlit is
told as it is told of the browser's own way back: it runs the page that the address names.
"""

from __future__ import annotations

import streamlit as st

_KEY = "follow-links"
_HIDDEN = f"<style>.st-key-{_KEY} {{display:none}}</style>"
_SCRIPT = """<script>
(() => {
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
})();
</script>"""


def follow_links() -> None:
    """Makes links be followed that way, on every page."""
    st.html(_HIDDEN)
    with st.container(key=_KEY):
        # Ours, and nothing of anybody else's in it.
        st.html(_SCRIPT, unsafe_allow_javascript=True)
