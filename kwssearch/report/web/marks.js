/* How the points of the plot are marked: what does not fit, what is beaten, the front, the pick, limits, the card. */

const SVG = "http://www.w3.org/2000/svg";

let over = null; // rings, lines and the name of the pick, over the points

/* Greys, pales and rings the points that are there; draws nothing anew. */
function markScatter() {
  for (const group of [nodes, bars]) {
    for (const [i, node] of group) {
      const skipped = Boolean(data.trials[i].expected);
      node.classList.toggle("out", !fitting.has(i) && !skipped);
      node.classList.toggle("beaten", !data.trials[i].front && !skipped && i !== picked);
    }
  }
  over?.remove();
  over = draw(chart, "g", { "aria-hidden": "true", "pointer-events": "none" });
  for (const side of ["x", "y"]) limitLine(side);
  for (const i of nodes.keys()) if (data.trials[i].front && fitting.has(i)) ring(i, "ring", 7.5);
  if (picked !== null && isInside(picked)) namePick();
  showLooked(false);
}

function draw(parent, tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return parent.appendChild(element);
}

function ring(i, kind, r) {
  if (!isInside(i)) return;
  const [cx, cy] = spots.get(i);
  draw(over, "circle", { class: kind, cx, cy, r });
}

function namePick() {
  ring(picked, "picked", 10);
  const [cx, cy] = spots.get(picked);
  const left = cx > frame().right - 150;
  const place = { class: "tag", x: cx + (left ? -14 : 14), y: cy - 10, "text-anchor": left ? "end" : "start" };
  draw(over, "text", place).textContent = `${data.trials[picked].id} ${data.trials[picked].short}`;
}

/* A limit that the axis can show: one on accuracy only where the axis has the accuracies that decide. */
function limitLine(side) {
  const { axis, place } = axes[side];
  const deciding = data.decides === "validation" ? "validation_accuracy" : "accuracy";
  const limit = data.limits.find(({ figure }) => (figure === "deciding" ? deciding : figure) === axis.name);
  const value = limit && limitsNow()[limit.name];
  if (value === undefined) return;
  const at = chart.scale(side).apply(place.to(value));
  const { left, right, top, bottom } = frame();
  const line = side === "x" ? { x1: at, x2: at, y1: top, y2: bottom } : { x1: left, x2: right, y1: at, y2: at };
  const [low, high] = side === "x" ? [left, right] : [top, bottom];
  if (at >= low && at <= high) draw(over, "line", { class: "limit", ...line });
}

/* The ring and the card of the trial that is looked at. */
function showLooked(card) {
  over.querySelector(".looked")?.remove();
  const inside = looked !== null && isInside(looked);
  if (inside) ring(looked, "looked", 9);
  byId("card").hidden = !(card && inside);
  if (card && inside) fillCard(looked);
}

function fillCard(i) {
  const trial = data.trials[i];
  const box = byId("card");
  box.replaceChildren(
    make("h3", {}, `Trial ${trial.id}: ${trial.name}`),
    make("p", {}, `${trial.strategy}${trial.front ? ", on the front" : ""}`),
    trial.expected ? make("p", {}, trial.reason) : figuresOf(i),
  );
  const [x, y] = spots.get(i);
  const room = byId("scatter");
  const beside = x + 18 + box.offsetWidth > room.clientWidth ? x - 18 - box.offsetWidth : x + 18;
  const within = (place, most) => Math.max(0, Math.min(place, most));
  box.style.left = `${within(beside, room.clientWidth - box.offsetWidth)}px`;
  box.style.top = `${room.offsetTop + within(y - 30, room.clientHeight - box.offsetHeight - MARGIN.bottom)}px`;
}
