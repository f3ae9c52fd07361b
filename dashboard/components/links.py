"""Links within what `show` puts onto a page: followed without loading the page anew.

They are plain links, with an address that opens in another tab as well; a browser that runs no
script of ours follows them all the same. With it, the browser's address changes and Streamlit is
told as it is told of the browser's own way back: it runs the page that the address names.

No click is lost: neither where a part of the page that is live is drawn again while the button is
held down, which leaves the browser without a click; nor where the dashboard is away for a moment,
when Streamlit drops what it is told: then the link is followed once it is back.
"""

from __future__ import annotations

FOLLOWING_LINKS = """\
const root = document.documentElement;
if (root.dataset.concordFollows) return;
root.dataset.concordFollows = "links";
const STEADY = 8;  // pixels
const isPlain = (event) => event.button === 0
  && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
const linkOf = (event) => isPlain(event) ? event.target.closest?.("a.c-go") : null;
const isConnected = () => document.querySelector("[data-testid=stApp]")
  ?.dataset.testConnectionState === "CONNECTED";
let pressed = null;
let wanted = null;

const go = () => {
  if (!wanted || !isConnected()) return;
  history.pushState({}, "", wanted);
  wanted = null;
  dispatchEvent(new PopStateEvent("popstate"));
  document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
};
new MutationObserver(go).observe(document.body, {
  subtree: true, attributeFilter: ["data-test-connection-state"],
});
const follow = (link) => {
  wanted = link.href;
  go();
};
document.addEventListener("click", (event) => {
  const link = linkOf(event);
  if (!link || event.defaultPrevented) return;
  event.preventDefault();
  follow(link);
});
document.addEventListener("mousedown", (event) => {
  const link = linkOf(event);
  pressed = link && { link, x: event.clientX, y: event.clientY };
}, true);
document.addEventListener("mouseup", (event) => {
  const was = pressed;
  pressed = null;
  if (!was || was.link.isConnected) return;
  if (Math.hypot(event.clientX - was.x, event.clientY - was.y) < STEADY) follow(was.link);
}, true);"""
"""The program that follows them."""
