/* What the pointer and the keyboard do with the plot. */

const NEAR = 28; // pixels
const STEP = 0.6; // share of what is shown that a step of the zoom leaves

/* Names the points, and listens to pointer and keyboard. */
function makeReachable() {
  for (const [i, node] of nodes) {
    node.classList.add("point");
    const named = { role: "button", tabindex: -1, "aria-label": spoken(i) };
    for (const [key, value] of Object.entries(named)) node.setAttribute(key, value);
    node.addEventListener("focus", () => look(i));
    node.addEventListener("blur", () => look(null));
    node.addEventListener("keydown", (event) => pressed(event, i));
  }
  nodes.get(order[0])?.setAttribute("tabindex", "0");
  const svg = d3.select(chart);
  const { left, right, top, bottom } = frame();
  const brush = d3
    .brush()
    .extent([
      [left, top],
      [right, bottom],
    ])
    .touchable(false);
  brush.on("end", ({ selection }) => selection && zoomTo(...selection));
  svg.insert("g", "g[aria-label=dot], g[aria-label=rule], g[aria-label=line]").attr("class", "brush").call(brush);
  unname(chart);
  svg.on("pointermove", (event) => event.buttons || look(nearest(event)));
  svg.on("pointerleave", () => look(null));
  svg.on("click", (event) => nearest(event) !== null && chooseTrial(nearest(event)));
}

/* Edges of what the axes enclose, in pixels. */
function frame() {
  const [width, height] = ["width", "height"].map((name) => Number(chart.getAttribute(name)));
  return { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
}

function isInside(i) {
  if (!spots.has(i)) return false;
  const [x, y] = spots.get(i);
  const { left, right, top, bottom } = frame();
  return x >= left && x <= right && y >= top && y <= bottom;
}

function spoken(i) {
  const trial = data.trials[i];
  const figures = data.axes.map(({ name, noun }) => data.shown[name][i] && `${noun} ${data.shown[name][i]}`);
  const place = [trial.front && "on the front", trial.expected && "skipped by the search"];
  return [`Trial ${trial.id}, ${trial.name}`, ...figures, ...place].filter(Boolean).join(", ");
}

/* The trial whose point is nearest to the pointer, if one is near. */
function nearest(event) {
  const [x, y] = d3.pointer(event, chart);
  const distance = ([px, py]) => Math.hypot(px - x, py - y);
  const found = d3.least(spots, ([, spot]) => distance(spot));
  return found && distance(found[1]) < NEAR ? found[0] : null;
}

/* Arrows go to the next point, to the right or to the left of this one. */
function pressed(event, i) {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  const next = step ? order[order.indexOf(i) + step] : { Home: order[0], End: order.at(-1) }[event.key];
  const acts = {
    Enter: () => chooseTrial(i),
    " ": () => chooseTrial(i),
    Escape: () => look(null),
    "+": () => zoomBy(STEP),
    "-": () => zoomBy(1 / STEP),
  };
  if (next !== undefined) goTo(i, next);
  else if (event.key in acts) acts[event.key]();
  else return;
  event.preventDefault();
}

/* Moves the one stop of the Tab key. */
function goTo(i, next) {
  nodes.get(i).setAttribute("tabindex", "-1");
  nodes.get(next).setAttribute("tabindex", "0");
  nodes.get(next).focus();
}

/* Shows what lies between two corners, in pixels. */
function zoomTo([x0, y0], [x1, y1]) {
  const [x, y] = ["x", "y"].map((side) => chart.scale(side));
  state.zoom = { x: [x.invert(x0), x.invert(x1)], y: [y.invert(y1), y.invert(y0)] };
  drawScatter();
}

/* Shows a share of what is shown, about the trial that is looked at, or else the one that is picked. */
function zoomBy(share) {
  const about = [looked, picked].find((i) => i !== null && isInside(i));
  const focused = nodes.get(looked) === document.activeElement ? looked : null;
  const { left, right, top, bottom } = frame();
  const [cx, cy] = about === undefined ? [(left + right) / 2, (top + bottom) / 2] : spots.get(about);
  const towards = (from, to) => to + (from - to) * share;
  zoomTo([towards(left, cx), towards(top, cy)], [towards(right, cx), towards(bottom, cy)]);
  if (focused !== null) goTo(order[0], focused);
}
