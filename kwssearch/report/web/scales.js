/* Axes on which the band that matters can be read, and what colours and shapes mean. */

const PALETTE = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `var(--c${i})`);
const SHAPES = ["square", "triangle", "diamond", "star", "cross", "wye", "hexagon"];
const TICKS = [10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 92, 94, 96, 98, 99, 100];
const WIDE = 15; // points: a wider range of accuracies is drawn by the logarithm of the error, so that the best have room
const ROOM = 0.5; // points, added to an error so that 100 % has a place

/* How an axis places its figures. */
function placing(axis, values) {
  const shown = values.map((value) => axis.factor * value);
  const [low, high] = d3.extent(shown);
  if (axis.cost && low <= 0) {
    return {
      type: "linear",
      to: (v) => axis.factor * v,
      domain: [low, high * 1.06 || 1],
      tickFormat: d3.format(",~r"),
    };
  }
  if (axis.cost) {
    const room = Math.max(1.12, (1.4 / (high / low)) ** 0.5);
    return { type: "log", to: (v) => axis.factor * v, domain: [low / room, high * room], tickFormat: d3.format(",~r") };
  }
  if (high - low <= WIDE) {
    const room = Math.max(0.06 * (high - low), 0.5);
    return {
      type: "linear",
      to: (v) => 100 * v,
      domain: [low - room, Math.min(high + room, 100)],
      tickFormat: d3.format("~r"),
    };
  }
  const to = (accuracy) => -Math.log(100 + ROOM - accuracy),
    from = (place) => 100 + ROOM - Math.exp(-place);
  const room = 0.05 * (to(high) - to(low));
  return {
    type: "linear",
    to: (v) => to(100 * v),
    from,
    domain: [to(low) - room, Math.min(to(high) + room, to(100))],
    tickFormat: (place) => `${+from(place).toFixed(2)}`,
  };
}

/* Ticks of a stretched accuracy; other scales have Plot's own. */
function ticksOf({ place, domain }, narrow) {
  if (!place.from) return narrow ? 4 : place.type === "log" ? 8 : 6;
  const [low, high] = domain.map(place.from);
  const inside = TICKS.filter((tick) => tick >= low && tick <= high);
  return (inside.length > 3 ? inside : d3.ticks(low, high, 5)).map((tick) => place.to(tick / 100));
}

function scaleOf({ axis, place, domain }, narrow) {
  const label = `${axis.label[0].toUpperCase()}${axis.label.slice(1)}, ${axis.unit}`;
  const { type, tickFormat } = place;
  return { type, domain, tickFormat, label, grid: true, ticks: ticksOf({ place, domain }, narrow) };
}

function colorScale(color) {
  if (color.number)
    return { type: "linear", interpolate: (t) => d3.interpolatePlasma(0.2 + 0.6 * t), label: color.label, ticks: 5 };
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
