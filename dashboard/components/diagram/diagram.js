// Boxes in columns with arrows from left to right, in a frame that scrolls; a click on a box is
// told to the server. All text is set as text, never as HTML.

const WIDTH = 230;
const HEIGHT = 84;
const COLUMN = 290;
const ROW = 108;
const MARGIN = 24;
const FARTHEST = 0.1;
const CLOSEST = 1.5;
const STEP = 1.25;
// Below this, names are not readable any more: what does not fit is scrolled to.
const READABLE = 0.55;
const SVG = "http://www.w3.org/2000/svg";

const mounted = new WeakMap();

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const clamped = (value, least, most) => Math.min(Math.max(value, least), most);

class Diagram {
  constructor(root) {
    this.zoom = 1;
    this.buttons = new Map();
    this.svg = drawn("svg", { width: 1, height: 1, "aria-hidden": "true" });
    this.boxes = make("div");
    this.picture = make("div", { className: "picture" }, this.svg, this.boxes);
    this.sheet = make("div", { className: "sheet" }, this.picture);
    this.frame = make("div", { className: "frame", tabIndex: 0 }, this.sheet);
    this.frame.setAttribute("role", "group");
    const tool = (label, onclick) => make("button", { type: "button", textContent: label, onclick });
    this.tools = make(
      "div", { className: "tools" },
      tool("Closer", () => this.zoomTo(this.zoom * STEP)),
      tool("Farther", () => this.zoomTo(this.zoom / STEP)),
      tool("See all", () => this.zoomTo(this.fitting())),
    );
    root.replaceChildren(this.tools, this.frame);
    this.scrollByDragging();
    this.zoomWithWheel();
  }

  /** Draws what the server says; does nothing but mark a box where only that has changed. */
  update({ data, setTriggerValue }) {
    this.tell = setTriggerValue;
    this.frame.setAttribute("aria-label", data.label);
    this.frame.style.height = `${data.height}px`;
    const shape = JSON.stringify([data.nodes, data.edges]);
    const isAnother = data.subject !== this.subject;
    if (isAnother || shape !== this.shape) {
      const at = isAnother ? null : this.middle();
      this.shape = shape;
      this.subject = data.subject;
      this.draw(data);
      if (isAnother) this.begin();
      else this.zoomTo(this.zoom, at);
    }
    this.mark(data.chosen);
  }

  mark(chosen) {
    for (const [id, button] of this.buttons) button.ariaPressed = String(id === chosen);
  }

  draw({ nodes, edges }) {
    const focused = this.boxes.getRootNode().activeElement?.dataset?.node;
    const rows = nodes.map((node) => node.row);
    this.top = Math.min(...rows);
    this.width = 2 * MARGIN + COLUMN * Math.max(...nodes.map((node) => node.column)) + WIDTH;
    this.height = 2 * MARGIN + ROW * (Math.max(...rows) - this.top) + HEIGHT;
    const places = new Map(nodes.map((node) => [node.id, this.place(node)]));
    this.buttons = new Map(nodes.map((node) => [node.id, this.box(node, places.get(node.id))]));
    this.boxes.replaceChildren(...this.buttons.values());
    const tip = drawn("path", { d: "M0,0 L8,4 L0,8 z" });
    const arrow = {
      id: "arrow", markerWidth: 8, markerHeight: 8, refX: 8, refY: 4, orient: "auto",
      markerUnits: "userSpaceOnUse",
    };
    this.svg.replaceChildren(
      drawn("defs", {}, drawn("marker", arrow, tip)),
      ...edges.map(([a, b]) => edge(places.get(a), places.get(b))),
    );
    if (focused) this.buttons.get(focused)?.focus({ preventScroll: true });
  }

  place({ column, row }) {
    return [MARGIN + COLUMN * column, MARGIN + ROW * (row - this.top)];
  }

  box({ id, sort, state, first, second, hint }, [left, top]) {
    const button = make(
      "button",
      { type: "button", className: `node ${sort} ${state}`, title: hint },
      make("span", { className: "first", textContent: first }),
      make("span", { textContent: second }),
    );
    button.dataset.node = id;
    Object.assign(button.style, {
      left: `${left}px`, top: `${top}px`, width: `${WIDTH}px`, height: `${HEIGHT}px`,
    });
    button.onclick = () => {
      this.mark(id);
      this.tell("clicked", id);
    };
    return button;
  }

  /** A picture that was not seen before: all of it where that can be read; else its right end. */
  begin() {
    this.zoomTo(clamped(this.fitting(), READABLE, 1));
    this.frame.scrollLeft = this.sheet.offsetWidth;
    this.frame.scrollTop = (this.sheet.offsetHeight - this.frame.clientHeight) / 2;
  }

  fitting() {
    const across = this.frame.clientWidth / this.width;
    return clamped(Math.min(across, this.frame.clientHeight / this.height), FARTHEST, 1);
  }

  /** What stands in the middle of the frame, from the middle row. */
  middle() {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.frame;
    return [
      (scrollLeft + clientWidth / 2) / this.zoom,
      (scrollTop + clientHeight / 2) / this.zoom - MARGIN + ROW * this.top,
    ];
  }

  zoomTo(zoom, [x, y] = this.middle()) {
    this.zoom = clamped(zoom, FARTHEST, CLOSEST);
    this.sheet.style.width = `${this.width * this.zoom}px`;
    this.sheet.style.height = `${this.height * this.zoom}px`;
    this.picture.style.transform = `scale(${this.zoom})`;
    this.frame.scrollLeft = x * this.zoom - this.frame.clientWidth / 2;
    this.frame.scrollTop =
      (y + MARGIN - ROW * this.top) * this.zoom - this.frame.clientHeight / 2;
  }

  scrollByDragging() {
    const frame = this.frame;
    frame.onpointerdown = (down) => {
      // Fingers scroll by themselves, and a box is there to be clicked.
      if (down.pointerType !== "mouse" || down.target.closest(".node")) return;
      const [left, top] = [frame.scrollLeft, frame.scrollTop];
      frame.setPointerCapture(down.pointerId);
      frame.classList.add("dragged");
      frame.onpointermove = (move) => {
        frame.scrollLeft = left - (move.clientX - down.clientX);
        frame.scrollTop = top - (move.clientY - down.clientY);
      };
      frame.onlostpointercapture = () => {
        frame.onpointermove = null;
        frame.classList.remove("dragged");
      };
    };
  }

  zoomWithWheel() {
    // Without the key the wheel scrolls, as it does everywhere. Pinching comes as wheel and key.
    const turn = (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoomTo(this.zoom * Math.exp(-event.deltaY / 400));
    };
    this.frame.addEventListener("wheel", turn, { passive: false });
  }
}

function edge([ax, ay], [bx, by]) {
  const [x, y, u, v] = [ax + WIDTH, ay + HEIGHT / 2, bx, by + HEIGHT / 2];
  const bend = Math.max(40, (u - x) / 2);
  return drawn("path", {
    class: "edge",
    d: `M${x},${y} C${x + bend},${y} ${u - bend},${v} ${u},${v}`,
    "marker-end": "url(#arrow)",
  });
}

export default function (component) {
  const root = component.parentElement.querySelector("#diagram");
  if (!mounted.has(root)) mounted.set(root, new Diagram(root));
  mounted.get(root).update(component);
}
