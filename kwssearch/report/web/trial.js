/* One trial: its figures, what it takes words for, how it learned, and where its zeros are. */

function buildTrial() {
  options(
    byId("chosen"),
    [["", "the one that is picked"], ...all.map((i) => [i, `${data.trials[i].id} ${data.trials[i].name}`])],
    state.chosen ?? "",
  );
  byId("chosen").addEventListener("change", () =>
    chooseTrial(byId("chosen").value === "" ? null : Number(byId("chosen").value)),
  );
}

function showTrial() {
  const i = state.chosen ?? picked;
  byId("chosen").value = state.chosen ?? "";
  if (i === null) return;
  const trial = data.trials[i],
    settings = make("dl", { class: "figures" });
  for (const [term, value] of Object.entries(trial.settings))
    settings.append(make("dt", {}, term), make("dd", {}, value));
  settings.append(make("dt", {}, "strategy"), make("dd", {}, trial.strategy));
  const told = [...trial.warnings.map((phrase) => make("p", { class: "warning" }, `Mind: ${phrase}.`))];
  if (trial.reason) told.push(make("p", {}, `${trial.status}: ${trial.reason}`));
  byId("one").replaceChildren(
    make("h3", {}, `Trial ${trial.id}: ${trial.name}`),
    figuresOf(i),
    make("div", {}, settings, ...told),
  );
  const known = data.details[i];
  for (const [id, draw] of [
    ["confusion", drawConfusion],
    ["curves", drawCurves],
    ["sparsity", drawSparsity],
  ]) {
    byId(id).replaceChildren(...(known ? draw(known, byId(id).clientWidth) : []));
  }
}

const caption = (head, told) => make("figcaption", {}, make("b", {}, head), make("span", {}, told));

/* A picture with a name for those who do not see it. */
function picture(drawn, name) {
  unname(drawn);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", name);
  return drawn;
}

function drawCurves({ curves, seeds }, width) {
  const lines = [
    ["accuracy", "training"],
    ["val_accuracy", "validation"],
  ].filter(([key]) => curves[key]);
  if (!lines.length) return [caption("Learning curves", "The records of this trial have none.")];
  const points = lines.flatMap(([key, split]) =>
    curves[key].map((value, k) => ({ epoch: k + 1, value: 100 * value, split })),
  );
  const last = lines.map(([key, split]) => `${split} ${(100 * curves[key].at(-1)).toFixed(1)} %`).join(", ");
  const drawn = Plot.plot({
    width,
    height: Math.min(280, Math.max(220, width * 0.62)),
    marginLeft: 36,
    marginBottom: 36,
    x: { label: "Epoch", ticks: 6, tickFormat: "d" },
    y: { label: "Accuracy, %", grid: true, ticks: 5 },
    color: { domain: lines.map(([, split]) => split), range: ["var(--c1)", "var(--c0)"] },
    marks: [Plot.lineY(points, { x: "epoch", y: "value", stroke: "split", strokeWidth: 2 })],
    style: { fontSize: "11px" },
  });
  const mean = seeds > 1 ? `Means over ${seeds} seeds. ` : "";
  const unvalidated = curves.val_accuracy ? "" : " Runs of before did not score the validation split after each epoch.";
  return [
    caption("Learning curves", `${mean}After the last epoch: ${last}.${unvalidated}`),
    drawn.legend("color"),
    picture(drawn, `Learning curves. After the last epoch: ${last}.`),
  ];
}

function drawSparsity({ sparsity }, width) {
  if (!sparsity.length) return [caption("Sparsity by layer", "The records of this trial have none.")];
  const short = (name) => name.split("/").slice(-2)[0].slice(0, 24);
  const shown = sparsity.map(([name, share], k) => ({ name, key: `${k} ${name}`, share: 100 * share }));
  const highest = d3.greatest(shown, (layer) => layer.share);
  const told =
    highest.share < 0.5
      ? "No kernel has zeros to speak of."
      : `Most in ${short(highest.name)}: ${highest.share.toFixed(0)} % zeros.`;
  const drawn = Plot.plot({
    width,
    height: 46 + 22 * shown.length,
    marginLeft: Math.min(150, 16 + 7 * Math.max(...shown.map((layer) => short(layer.name).length))),
    marginRight: 34,
    marginBottom: 36,
    x: { domain: [0, 100], label: "Zeros, %", ticks: 5, grid: true },
    y: {
      domain: shown.map((layer) => layer.key),
      label: null,
      tickFormat: (key) => short(key.slice(key.indexOf(" ") + 1)),
      tickSize: 0,
    },
    marks: [
      Plot.barX(shown, {
        x: "share",
        y: "key",
        fill: "var(--c0)",
        insetTop: 2,
        insetBottom: 2,
        title: (layer) => `${layer.name}: ${layer.share.toFixed(1)} %`,
      }),
      Plot.text(shown, { x: "share", y: "key", text: (layer) => layer.share.toFixed(0), textAnchor: "start", dx: 5 }),
    ],
    style: { fontSize: "11px" },
  });
  return [caption("Sparsity by layer", told), picture(drawn, `Sparsity by layer. ${told}`)];
}

function showSpent() {
  const spent = data.cost.map(([strategy, hours]) => ({ strategy, hours }));
  const width = byId("spent").clientWidth,
    longest = Math.max(...spent.map((each) => each.strategy.length));
  const drawn = Plot.plot({
    width,
    height: 46 + 26 * spent.length,
    marginLeft: Math.min(width / 2.5, 16 + 7 * longest),
    marginRight: 44,
    marginBottom: 36,
    x: { label: "Hours of training", ticks: 5, grid: true },
    y: { domain: spent.map((each) => each.strategy), label: null, tickSize: 0 },
    marks: [
      Plot.barX(spent, { x: "hours", y: "strategy", fill: "var(--c0)", insetTop: 3, insetBottom: 3 }),
      Plot.text(spent, {
        x: "hours",
        y: "strategy",
        text: (each) => each.hours.toFixed(2),
        textAnchor: "start",
        dx: 5,
      }),
    ],
    style: { fontSize: "11px" },
  });
  byId("spent").replaceChildren(
    picture(
      drawn,
      `Hours of training: ${spent.map((each) => `${each.strategy} ${each.hours.toFixed(2)}`).join(", ")}.`,
    ),
  );
}
