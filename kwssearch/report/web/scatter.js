/* The plot of two figures against each other, drawn by Observable Plot; D3 selects a part of it and finds the nearest. */

const PALETTE = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `var(--c${i})`);
const SHAPES = ["square", "triangle", "diamond", "star", "cross", "wye", "hexagon"];
const TICKS = [10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 92, 94, 96, 98, 99, 100];
const WIDE = 15; // points: a wider range of accuracies is drawn by the logarithm of the error, so that the best have room
const ROOM = 0.5; // points, added to an error so that 100 % has a place
const MOST_BARS = 30;
const NEAR = 28; // pixels

let chart = null, spots = new Map(), nodes = new Map(), bars = new Map(), marks = null, order = [];

function buildScatter() {
  const choices = data.axes.map((axis) => [axis.name, axis.noun]);
  options(byId("x"), choices, state.x);
  options(byId("y"), choices, state.y);
  options(byId("color"), data.colors.map((color) => [color.name, color.label]), state.color);
  for (const key of ["x", "y", "color"]) {
    byId(key).addEventListener("change", () => { state[key] = byId(key).value; state.zoom = null; drawScatter(); remember(); });
  }
  byId("zoom-in").addEventListener("click", () => zoomBy(0.6));
  byId("zoom-out").addEventListener("click", () => zoomBy(1 / 0.6));
  byId("zoom-reset").addEventListener("click", () => { state.zoom = null; drawScatter(); });
  let width = byId("scatter").clientWidth;
  new ResizeObserver(() => {
    if (byId("scatter").clientWidth === width) return;
    width = byId("scatter").clientWidth;
    drawScatter();
  }).observe(byId("scatter"));
}

/* How an axis places its figures. */
function placing(axis, values) {
  const shown = values.map((value) => axis.factor * value);
  const [low, high] = d3.extent(shown);
  if (axis.cost) {
    const room = Math.max(1.12, (1.4 / (high / low)) ** 0.5);
    return { type: "log", to: (v) => axis.factor * v, domain: [low / room, high * room], tickFormat: d3.format(",~r") };
  }
  if (high - low <= WIDE) {
    const room = Math.max(0.06 * (high - low), 0.5);
    return { type: "linear", to: (v) => 100 * v, domain: [low - room, Math.min(high + room, 100)], tickFormat: d3.format("~r") };
  }
  const to = (accuracy) => -Math.log(100 + ROOM - accuracy), from = (place) => 100 + ROOM - Math.exp(-place);
  const room = 0.05 * (to(high) - to(low));
  return {
    type: "linear", to: (v) => to(100 * v), from, domain: [to(low) - room, Math.min(to(high) + room, to(100))],
    tickFormat: (place) => `${+from(place).toFixed(2)}`,
  };
}

/* Ticks of a stretched accuracy; other scales have Plot's own. */
function ticksOf(place, domain) {
  if (!place.from) return undefined;
  const [low, high] = domain.map(place.from);
  const inside = TICKS.filter((tick) => tick >= low && tick <= high);
  return (inside.length > 3 ? inside : d3.ticks(low, high, 5)).map((tick) => place.to(tick / 100));
}

function scaleOf(axis, place, domain, narrow) {
  const label = `${axis.label[0].toUpperCase()}${axis.label.slice(1)}, ${axis.unit}`;
  const ticks = ticksOf(place, domain) ?? (narrow ? 4 : place.type === "log" ? 8 : 6);
  return { type: place.type, domain, ticks, tickFormat: place.tickFormat, label, grid: true };
}

function colorScale(color) {
  if (color.number) return { type: "linear", interpolate: (t) => d3.interpolatePlasma(0.2 + 0.6 * t), label: color.label, ticks: 5 };
  const domain = [...new Set(color.values)];
  let next = 0;
  const range = domain.map((name) => (name === "baseline" ? "var(--ink)" : PALETTE[next++ % PALETTE.length]));
  return { type: "ordinal", domain, range };
}

function shapeScale() {
  const domain = [...new Set(data.colors[0].values)];
  let next = 0;
  return { domain, range: domain.map((name) => (name === "baseline" ? "circle" : SHAPES[next++ % SHAPES.length])) };
}

function drawScatter() {
  const box = byId("scatter"), width = box.clientWidth, narrow = width < 520;
  const [x, y] = [axisNamed(state.x), axisNamed(state.y)];
  const known = all.filter((i) => figure(x.name, i) !== null && figure(y.name, i) !== null);
  const awaited = all.filter((i) => expected(x.name, i) !== undefined && expected(y.name, i) !== undefined);
  const barred = y.name === "accuracy" ? known.filter((i) => known.length <= MOST_BARS || data.trials[i].front) : [];
  const ends = barred.flatMap((i) => data.ends[i]);
  const px = placing(x, [...known.map((i) => figure(x.name, i)), ...awaited.map((i) => expected(x.name, i))]);
  const py = placing(y, [...known.map((i) => figure(y.name, i)), ...awaited.map((i) => expected(y.name, i)), ...ends]);
  const domains = state.zoom ?? { x: px.domain, y: py.domain };
  const color = data.colors.find((each) => each.name === state.color);
  const front = data.fronts[`${x.name} ${y.name}`] ?? [];
  const curve = x.cost ? "step-after" : "step-before";
  nodes = new Map(); bars = new Map();
  const keep = (into, of) => (index, scales, values, dimensions, context, next) => {
    const group = next(index, scales, values, dimensions, context);
    const drawn = group.querySelectorAll("path, line");
    index.forEach((k, place) => into.set(of[k], drawn[place]));
    return group;
  };
  const fill = (i) => color.values[i];
  chart = Plot.plot({
    width, height: Math.round(Math.max(340, Math.min(560, width * (narrow ? 0.95 : 0.62)))),
    marginLeft: 48, marginRight: 16, marginTop: 26, marginBottom: 42, clip: true,
    x: scaleOf(x, px, domains.x, narrow), y: scaleOf(y, py, domains.y, false),
    color: colorScale(color), symbol: shapeScale(), style: { fontSize: "12px" },
    marks: [
      Plot.line(front, { x: (i) => px.to(figure(x.name, i)), y: (i) => py.to(figure(y.name, i)), curve, stroke: "var(--soft)", strokeWidth: 1.4 }),
      Plot.ruleX(barred, {
        x: (i) => px.to(figure(x.name, i)), y1: (i) => py.to(data.ends[i][0]), y2: (i) => py.to(data.ends[i][1]),
        stroke: fill, strokeOpacity: 0.55, strokeWidth: 1.5, className: "bars", render: keep(bars, barred),
      }),
      Plot.dot(awaited, {
        x: (i) => px.to(expected(x.name, i)), y: (i) => py.to(expected(y.name, i)), symbol: "times", stroke: "var(--soft)", r: 3.5,
        render: keep(nodes, awaited),
      }),
      Plot.dot(known, {
        x: (i) => px.to(figure(x.name, i)), y: (i) => py.to(figure(y.name, i)), fill, symbol: (i) => data.trials[i].strategy,
        r: known.length > 200 ? 3.6 : 5.2, render: keep(nodes, known),
      }),
    ],
  });
  box.replaceChildren(chart);
  drawLegend(color);
  spots = new Map([...nodes].map(([i, node]) => [i, placeOf(node)]));
  order = [...nodes.keys()].sort((a, b) => spots.get(a)[0] - spots.get(b)[0]);
  prepare(x, y, px, py);
  markScatter();
}

const expected = (name, i) => data.trials[i].expected?.[name];
const placeOf = (node) => node.getAttribute("transform").match(/-?[\d.]+(e-?\d+)?/g).map(Number);

function drawLegend(color) {
  const box = byId("legend");
  const parts = color.name === "strategy" ? [] : [chart.legend("color", { label: color.label })];
  parts.push(chart.legend("symbol", { fill: color.name === "strategy" ? "color" : "var(--soft)" }));
  box.replaceChildren(...parts.filter(Boolean));
}

/* Names the points, and makes them reachable by pointer and keyboard. */
function prepare(x, y, px, py) {
  const svg = d3.select(chart);
  const top = svg.append("g").attr("aria-hidden", "true").style("pointer-events", "none");
  marks = { x, y, px, py, top };
  for (const [i, node] of nodes) {
    node.classList.add("point");
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "-1");
    node.setAttribute("aria-label", spoken(i));
    node.addEventListener("focus", () => look(i));
    node.addEventListener("blur", () => look(null));
    node.addEventListener("click", () => chooseTrial(i));
    node.addEventListener("keydown", (event) => pressed(event, i));
  }
  nodes.get(order[0])?.setAttribute("tabindex", "0");
  const inside = [[48, 26], [chart.clientWidth - 16, chart.clientHeight - 42]];
  const brush = d3.brush().extent(inside).touchable(false).on("end", ({ selection }) => { if (selection) zoomTo(selection); });
  svg.insert("g", "g[aria-label=dot], g[aria-label=rule], g[aria-label=line]").attr("class", "brush").call(brush);
  unname(chart);
  svg.on("pointermove", (event) => { if (!event.buttons) look(nearest(d3.pointer(event, chart))); });
  svg.on("pointerleave", () => look(null));
  svg.on("click", (event) => { const i = nearest(d3.pointer(event, chart)); if (i !== null) chooseTrial(i); });
}

function spoken(i) {
  const trial = data.trials[i];
  const told = data.axes.map((axis) => data.shown[axis.name][i] && `${axis.noun} ${data.shown[axis.name][i]}`);
  return [`Trial ${trial.id}, ${trial.name}`, ...told, trial.front && "on the front", trial.expected && "skipped by the search"]
    .filter(Boolean).join(", ");
}

function nearest([x, y]) {
  let found = null, least = NEAR ** 2;
  for (const [i, [px, py]] of spots) {
    const distance = (px - x) ** 2 + (py - y) ** 2;
    if (distance < least) [found, least] = [i, distance];
  }
  return found;
}

/* Arrows go to the next point, to the right or to the left of this one. */
function pressed(event, i) {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  const ends = { Home: order[0], End: order.at(-1) }[event.key];
  const next = step ? order[order.indexOf(i) + step] : ends;
  if (event.key === "Enter" || event.key === " ") chooseTrial(i);
  else if (event.key === "+") zoomBy(0.6);
  else if (event.key === "-") zoomBy(1 / 0.6);
  else if (event.key === "Escape") look(null);
  else if (next === undefined) return;
  else {
    nodes.get(i).setAttribute("tabindex", "-1");
    nodes.get(next).setAttribute("tabindex", "0");
    nodes.get(next).focus();
  }
  event.preventDefault();
}

/* Greys what does not fit, pales what is beaten, rings the front and the pick; draws nothing anew. */
function markScatter() {
  for (const group of [nodes, bars]) {
    for (const [i, node] of group) {
      node.classList.toggle("out", !fitting.has(i) && !data.trials[i].expected);
      node.classList.toggle("beaten", !data.trials[i].front && !data.trials[i].expected && i !== picked);
    }
  }
  const { top, x, y, px, py } = marks;
  top.selectAll("*").remove();
  for (const [axis, place, side] of [[x, px, "x"], [y, py, "y"]]) limitLine(top, axis, place, side);
  for (const i of nodes.keys()) {
    if (data.trials[i].front && fitting.has(i) && isInside(i)) ring(top, i, "ring", 7.5);
  }
  if (picked !== null && nodes.has(picked) && isInside(picked)) {
    ring(top, picked, "picked", 10);
    const [cx, cy] = spots.get(picked), right = cx > chart.clientWidth - 150;
    top.append("text").attr("class", "tag").attr("x", cx + (right ? -14 : 14)).attr("y", cy - 10)
      .attr("text-anchor", right ? "end" : "start").text(`${data.trials[picked].id} ${data.trials[picked].short}`);
  }
  showLooked(false);
}

function isInside(i) {
  const [x, y] = spots.get(i);
  return x >= 48 && x <= chart.clientWidth - 16 && y >= 26 && y <= chart.clientHeight - 42;
}

function ring(top, i, kind, r) {
  const [cx, cy] = spots.get(i);
  return top.append("circle").attr("class", kind).attr("cx", cx).attr("cy", cy).attr("r", r).attr("fill", "none").attr("stroke", "var(--ring)");
}

/* A limit that the axis can show: one on accuracy only where the axis has the accuracies that decide. */
function limitLine(top, axis, place, side) {
  const deciding = data.decides === "validation" ? "validation_accuracy" : "accuracy";
  const limit = data.limits.find((each) => (each.figure === "deciding" ? deciding : each.figure) === axis.name);
  const value = limit && limitsNow()[limit.name];
  if (value === undefined) return;
  const at = chart.scale(side).apply(place.to(value));
  const [low, high] = side === "x" ? [26, chart.clientHeight - 42] : [48, chart.clientWidth - 16];
  const range = side === "x" ? [48, chart.clientWidth - 16] : [26, chart.clientHeight - 42];
  if (at < range[0] || at > range[1]) return;
  const line = top.append("line").attr("class", "limit");
  for (const [name, from] of [[`${side}1`, at], [`${side}2`, at]]) line.attr(name, from);
  const along = side === "x" ? "y" : "x";
  line.attr(`${along}1`, low).attr(`${along}2`, high);
}

/* The ring and the card of the trial that is looked at. */
function showLooked(card) {
  const box = byId("card");
  marks?.top.selectAll(".looked").remove();
  box.hidden = !card || looked === null;
  if (looked === null || !spots.has(looked) || !isInside(looked)) { box.hidden = true; return; }
  ring(marks.top, looked, "looked", 9);
  if (card) fillCard(box, looked);
}

function fillCard(box, i) {
  const trial = data.trials[i];
  const parts = [make("h3", {}, `Trial ${trial.id}: ${trial.name}`), make("p", {}, `${trial.strategy}${trial.front ? ", on the front" : ""}`)];
  parts.push(trial.expected ? make("p", {}, trial.reason) : figuresOf(i));
  box.replaceChildren(...parts);
  const [x, y] = spots.get(i), frame = byId("scatter");
  const left = x + 18 + box.offsetWidth > frame.clientWidth ? x - 18 - box.offsetWidth : x + 18;
  box.style.left = `${Math.max(0, Math.min(left, frame.clientWidth - box.offsetWidth))}px`;
  box.style.top = `${frame.offsetTop + Math.max(0, Math.min(y - 30, frame.clientHeight - box.offsetHeight - 44))}px`;
}

/* Zooms to a part in pixels, or about the trial in question. */
function zoomTo([[x0, y0], [x1, y1]]) {
  const [x, y] = ["x", "y"].map((side) => chart.scale(side));
  state.zoom = { x: [x.invert(x0), x.invert(x1)], y: [y.invert(y1), y.invert(y0)] };
  drawScatter();
}

function zoomBy(share) {
  const about = [looked, picked].find((i) => i !== null && spots.has(i) && isInside(i));
  const width = chart.clientWidth - 64, height = chart.clientHeight - 68;
  const [cx, cy] = about === undefined ? [48 + width / 2, 26 + height / 2] : spots.get(about);
  zoomTo([[cx - (cx - 48) * share, cy - (cy - 26) * share], [cx + (48 + width - cx) * share, cy + (26 + height - cy) * share]]);
  if (about !== undefined && document.activeElement === document.body) nodes.get(about)?.focus();
}
