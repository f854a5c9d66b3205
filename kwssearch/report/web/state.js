/* What was chosen; it is kept in the address, so that a page that loads itself again stays as it was. */

const all = data.trials.map((_, i) => i);
const completed = all.filter((i) => data.deciding[i] !== null);
const axisNamed = (name) => data.axes.find((axis) => axis.name === name);
const other = (name, fallback) => (axisNamed(name) ? name : fallback);

const CONFIDENT = ["0.5", "0.8", "0.9", "0.95", "0.99"];

const state = {
  x: other("memory_bytes", data.axes[1].name),
  y: "accuracy",
  color: "strategy",
  prefer: "accuracy",
  confident: "", // a share of the worlds, as the command line takes it
  stops: Object.fromEntries(data.limits.map((limit) => [limit.name, limit.start])),
  chosen: null, // a trial, or null for the one that is picked
  zoom: null,
};

/* Limits in force, by name. */
function limitsNow() {
  const set = data.limits.map((limit) => [limit.name, limit.stops[state.stops[limit.name]][0]]);
  return Object.fromEntries(set.filter(([, value]) => value !== null));
}

function remember() {
  const said = new URLSearchParams();
  for (const key of ["x", "y", "color", "prefer"]) said.set(key, state[key]);
  if (state.confident) said.set("confident", state.confident);
  for (const limit of data.limits) {
    if (state.stops[limit.name] !== limit.start) said.set(limit.name, limit.stops[state.stops[limit.name]][2]);
  }
  if (state.chosen !== null) said.set("trial", data.trials[state.chosen].id);
  history.replaceState(null, "", `#${said}`);
}

function recall() {
  const said = new URLSearchParams(location.hash.slice(1));
  const one = (key, known) => {
    if (known.includes(said.get(key))) state[key] = said.get(key);
  };
  one(
    "x",
    data.axes.map((axis) => axis.name),
  );
  one(
    "y",
    data.axes.map((axis) => axis.name),
  );
  one(
    "color",
    data.colors.map((color) => color.name),
  );
  one("prefer", Object.keys(data.prefer));
  one("confident", CONFIDENT);
  for (const limit of data.limits) {
    const place = stopOf(limit, parseFloat(said.get(limit.name)));
    if (place >= 0) state.stops[limit.name] = place;
  }
  const chosen = data.trials.findIndex((trial) => trial.id === said.get("trial"));
  if (chosen >= 0) state.chosen = chosen;
}

/* Stops come and go with what a search finds: the loosest that is as strict as a remembered limit, else the strictest. */
function stopOf(limit, asked) {
  if (Number.isNaN(asked)) return -1;
  const values = limit.stops.map(([, , option]) => parseFloat(option));
  if (limit.sign > 0) return Math.max(0, values.findLastIndex((value) => value <= asked));
  const place = values.findIndex((value) => value >= asked);
  return place < 0 ? values.length - 1 : place;
}

/* An element with text and children; text is never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/* Plot names groups, which have no role that a name is for. */
function unname(drawn) {
  for (const group of drawn.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label");
}

const byId = (id) => document.getElementById(id);

function options(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, text]) => make("option", { value }, text)));
  select.value = chosen;
}

/* Terms and their values, those that are known; intervals of accuracy always, of latency where there is room. */
function figuresOf(i, room = true) {
  const list = make("dl", { class: "figures" });
  for (const axis of data.axes) {
    const shown = data.shown[axis.name][i];
    const known = (room || !axis.cost) && data.intervals[axis.name]?.[i];
    const interval = known ? ` (${known})` : "";
    if (shown)
      list.append(
        make("dt", {}, axis.short ?? axis.noun),
        make("dd", { class: axis.cost ? "part" : "whole" }, shown + interval),
      );
  }
  const { share } = data.trials[i];
  if (share) list.append(make("dt", {}, "front in"), make("dd", { class: "whole" }, `${share} of worlds`));
  return list;
}
