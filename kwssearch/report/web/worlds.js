/* How sure a pick is: the same rule in the bootstrap worlds (kwssearch/analysis/picked.py says it alike). */

const WORLDS = data.worlds.count;
const STEPS = 65535;
const MOST_RIVALS = 3;
const LEAST_SHARE = 0.01; // a rival of less is not named

const columns = new Map(completed.map((i, column) => [i, column]));
const drawn = {}; // figure -> that of each completed trial, world by world

/* What a figure is in the worlds; where they do not draw it, it is in all as it was recorded. */
function worldsOf(name) {
  drawn[name] ??= data.worlds.figures[name] ? unpacked(data.worlds.figures[name]) : repeated(name);
  return drawn[name];
}

function unpacked({ low, high, steps }) {
  const bytes = Uint8Array.from(atob(steps), (letter) => letter.charCodeAt(0));
  const room = high.map((end, column) => (end - low[column]) / STEPS);
  return Float64Array.from(
    new Uint16Array(bytes.buffer),
    (step, at) => low[at % low.length] + step * room[at % low.length],
  );
}

function repeated(name) {
  const recorded = completed.map((i) => figure(name, i) ?? NaN);
  return Float64Array.from({ length: WORLDS * recorded.length }, (_, at) => recorded[at % recorded.length]);
}

/* In which share of the worlds each completed trial keeps the limit on accuracy; 1 without such a limit. */
function sureness({ min_accuracy: least }) {
  const limit = data.limits.find((each) => each.figure === "deciding");
  const kept = completed.map(() => 0);
  if (least === undefined) return kept.fill(1);
  worldsOf("deciding").forEach((own, at) => {
    if (keeps(limit, least, own)) kept[at % kept.length] += 1;
  });
  return kept.map((count) => count / WORLDS);
}

/* In how many worlds each trial is picked, and under null in how many none keeps the limits. */
function picksIn(limits, allowed, prefer) {
  const asked = data.limits.filter((limit) => limit.name in limits);
  for (const { name } of data.prefer[prefer].order) worldsOf(name);
  const found = new Map();
  for (let first = 0; first < WORLDS * completed.length; first += completed.length) {
    const own = (name, i) => drawn[name][first + columns.get(i)];
    const left = allowed.filter((i) =>
      asked.every((limit) => keeps(limit, limits[limit.name], worldsOf(limit.figure)[first + columns.get(i)])),
    );
    const { trial } = pickOf(left, prefer, own);
    found.set(trial, (found.get(trial) ?? 0) + 1);
  }
  return found;
}

/* How often another trial would be picked. */
function doubtOf(limits, allowed, prefer) {
  const counts = picksIn(limits, allowed, prefer);
  const share = (i) => (counts.get(i) ?? 0) / WORLDS;
  const rivals = [...counts.keys()].filter((i) => i !== null && i !== picked).sort((a, b) => share(b) - share(a));
  const first = rivals.slice(0, MOST_RIVALS).filter((i) => share(i) >= LEAST_SHARE);
  const named = first.map((i) => `trial ${data.trials[i].id} (${percent(share(i))})`);
  const rest = d3.sum(rivals.slice(first.length), share);
  const others = rivals.length - first.length;
  if (rest) named.push(`${others} ${others === 1 ? "other" : "others"} (${percent(rest)})`);
  const told = [`in ${percent(share(picked))} of ${d3.format(",")(WORLDS)} bootstrap worlds it is picked as well`];
  if (named.length) told.push(`, in the others ${listed(named)}`);
  if (share(null)) told.push(`; in ${percent(share(null))} none keeps the limits`);
  return `Doubt: ${told.join("")}.`;
}

const percent = (share) => (share && share < LEAST_SHARE ? "below 1 %" : `${Math.round(100 * share)} %`);

const listed = (parts) => [parts.slice(0, -1).join(", "), parts.at(-1)].filter(Boolean).join(" and ");
