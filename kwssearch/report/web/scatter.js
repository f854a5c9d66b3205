/* The plot of two figures against each other, drawn by Observable Plot. */

const MARGIN = { left: 48, right: 16, top: 26, bottom: 42 }; // pixels
const MOST_BARS = 30;
const MANY_POINTS = 200;

let chart = null; // the picture
let axes = null; // { x, y }: what each axis shows, and how it places a figure
let nodes = new Map(); // trial -> its point
let bars = new Map(); // trial -> its interval
let spots = new Map(); // trial -> where its point is, in pixels
let order = []; // trials from left to right

function buildScatter() {
  const figures = data.axes.map((axis) => [axis.name, axis.noun]);
  const colors = data.colors.map((color) => [color.name, color.label]);
  for (const [key, choices] of Object.entries({ x: figures, y: figures, color: colors })) {
    options(byId(key), choices, state[key]);
    byId(key).addEventListener("change", () => {
      state[key] = byId(key).value;
      state.zoom = null;
      drawScatter();
      remember();
    });
  }
  byId("zoom-in").addEventListener("click", () => zoomBy(STEP));
  byId("zoom-out").addEventListener("click", () => zoomBy(1 / STEP));
  byId("zoom-reset").addEventListener("click", () => {
    state.zoom = null;
    drawScatter();
  });
  let width = byId("scatter").clientWidth;
  new ResizeObserver(() => {
    if ([0, width].includes(byId("scatter").clientWidth)) return; // without any it is out of sight
    width = byId("scatter").clientWidth;
    drawScatter();
  }).observe(byId("scatter"));
}

/* What a search expects of a trial that it skipped. */
const expected = (name, i) => data.trials[i].expected?.[name];

/* An axis, and how it places the figures of the trials that have both, what is expected of others, and `ends`. */
function axisFor(side, known, awaited, ends) {
  const axis = axisNamed(state[side]);
  const values = [...known.map((i) => figure(axis.name, i)), ...awaited.map((i) => expected(axis.name, i)), ...ends];
  const place = placing(axis, values);
  const at = (i) => place.to(figure(axis.name, i) ?? expected(axis.name, i));
  return { axis, place, at, domain: state.zoom?.[side] ?? place.domain };
}

function drawScatter() {
  const both = [state.x, state.y];
  const known = all.filter((i) => both.every((name) => figure(name, i) !== null));
  const awaited = all.filter((i) => both.every((name) => expected(name, i) !== undefined));
  const told = (i) => known.length <= MOST_BARS || data.trials[i].front;
  const barred = state.y === "accuracy" ? known.filter(told) : [];
  const ends = barred.flatMap((i) => data.ends[i]);
  axes = { x: axisFor("x", known, awaited, []), y: axisFor("y", known, awaited, ends) };
  const color = data.colors.find((each) => each.name === state.color);
  const width = byId("scatter").clientWidth;
  const narrow = width < 520;
  chart = Plot.plot({
    width,
    height: Math.round(Math.max(340, Math.min(560, width * (narrow ? 0.95 : 0.62)))),
    ...Object.fromEntries(
      Object.entries(MARGIN).map(([side, size]) => [`margin${side[0].toUpperCase()}${side.slice(1)}`, size]),
    ),
    clip: true,
    x: scaleOf(axes.x, narrow),
    y: scaleOf(axes.y, false),
    color: colorScale(color),
    symbol: shapeScale(),
    style: { fontSize: "12px" },
    marks: marksOf(known, awaited, barred, color),
  });
  byId("scatter").replaceChildren(chart);
  byId("legend").replaceChildren(...legends(color));
  spots = new Map([...nodes].map(([i, node]) => [i, placeOf(node)]));
  order = [...nodes.keys()].sort((a, b) => spots.get(a)[0] - spots.get(b)[0]);
  makeReachable();
  markScatter();
}

/* The line of the front, intervals, crosses of what was skipped, points. */
function marksOf(known, awaited, barred, color) {
  const [x, y] = [axes.x.at, axes.y.at];
  const front = data.fronts[`${state.x} ${state.y}`] ?? [];
  const curve = axes.x.axis.cost ? "step-after" : "step-before";
  const stroke = (i) => color.values[i];
  const [y1, y2] = [0, 1].map((end) => (i) => axes.y.place.to(data.ends[i][end]));
  nodes = new Map();
  bars = new Map();
  return [
    Plot.line(front, { x, y, curve, stroke: "var(--soft)", strokeWidth: 1.4 }),
    Plot.ruleX(barred, {
      x,
      y1,
      y2,
      stroke,
      strokeOpacity: 0.55,
      strokeWidth: 1.5,
      className: "bars",
      render: keep(bars, barred),
    }),
    Plot.dot(awaited, { x, y, symbol: "times", stroke: "var(--soft)", r: 3.5, render: keep(nodes, awaited) }),
    Plot.dot(known, {
      x,
      y,
      fill: stroke,
      symbol: (i) => data.trials[i].strategy,
      r: known.length > MANY_POINTS ? 3.6 : 5.2,
      render: keep(nodes, known),
    }),
  ];
}

/* Remembers which element was drawn for which trial. */
function keep(into, trials) {
  return (index, scales, values, dimensions, context, next) => {
    const group = next(index, scales, values, dimensions, context);
    const drawn = group.querySelectorAll("path, line");
    index.forEach((k, place) => into.set(trials[k], drawn[place]));
    return group;
  };
}

function placeOf(node) {
  const { e, f } = node.transform.baseVal.consolidate().matrix;
  return [e, f];
}

function legends(color) {
  const own = color.name === "strategy";
  const shapes = chart.legend("symbol", { fill: own ? "color" : "var(--soft)" });
  return own ? [shapes] : [chart.legend("color", { label: color.label }), shapes];
}
