/* Sliders, devices, and the trial that is picked. */

let fitting = new Set(completed);
let picked = null;

function buildLimits() {
  options(
    byId("device"),
    [["", "none"], ...data.devices.map((device, i) => [i, `${device.name} – ${device.title}`])],
    "",
  );
  byId("device").addEventListener("change", () => {
    const device = data.devices[byId("device").value];
    for (const limit of data.limits) state.stops[limit.name] = stopFor(limit, device?.limits[limit.name]);
    refresh();
  });
  for (const limit of data.limits) byId("sliders").append(slider(limit));
  byId("limit-min_accuracy").parentElement.append(byId("confident").parentElement);
  options(
    byId("confident"),
    [["", "as measured"], ...CONFIDENT.map((share) => [share, `in ${Math.round(100 * share)} % of the worlds`])],
    state.confident,
  );
  options(
    byId("prefer"),
    Object.keys(data.prefer).map((key) => [key, key]),
    state.prefer,
  );
  for (const key of ["prefer", "confident"]) {
    byId(key).addEventListener("change", () => {
      state[key] = byId(key).value;
      refresh();
    });
  }
}

/* Where a device's limit is on a slider; a limit that all trials keep is none. */
function stopFor(limit, value) {
  const place = value === undefined ? -1 : limit.stops.findIndex((stop) => stop[0] === value);
  return place >= 0 ? place : limit.start;
}

function slider(limit) {
  const id = `limit-${limit.name}`;
  const input = make("input", { type: "range", id, min: 0, max: limit.stops.length - 1, step: 1 });
  input.addEventListener("input", () => {
    state.stops[limit.name] = Number(input.value);
    byId("device").value = "";
    refresh();
  });
  const most = limit.sign > 0 ? "at most" : "at least";
  const noun = limit.figure === "deciding" ? `${data.decides} ${limit.noun}` : limit.noun;
  const text = noun[0].toUpperCase() + noun.slice(1);
  return make("div", { class: "slider" }, make("label", { for: id }, text, make("span", { "data-most": most })), input);
}

function showLimits() {
  for (const limit of data.limits) {
    const input = byId(`limit-${limit.name}`),
      place = state.stops[limit.name],
      [value, text] = limit.stops[place];
    const shown = input.previousElementSibling.lastElementChild;
    shown.textContent = value === null ? "any" : `${shown.dataset.most} ${text}`;
    input.value = place;
    input.setAttribute("aria-valuetext", shown.textContent);
    input.parentElement.classList.toggle("set", place !== limit.start);
  }
  byId("confident").parentElement.hidden = limitsNow().min_accuracy === undefined;
}

/* A command that is broken between words alone. */
const shell = (text) => make("code", {}, ...text.split(" ").flatMap((word) => [make("span", {}, word), " "]));

/* The command that picks the same trial. */
function command() {
  const words = data.limits
    .filter((limit) => state.stops[limit.name] !== limit.start)
    .map((limit) => `--${limit.name.replace("_", "-")} ${limit.stops[state.stops[limit.name]][2]}`);
  if (data.target) words.push(`--target ${data.target}`);
  if (confidence()) words.push(`--confident ${state.confident}`);
  if (state.prefer !== "accuracy") words.push(`--prefer ${state.prefer}`);
  return [`kwssearch pick ${data.folder}`, ...words].join(" ");
}

/* In which share of the worlds the limit on accuracy must be kept; it is about that limit alone. */
const confidence = () => (limitsNow().min_accuracy === undefined ? 0 : Number(state.confident));

function choose() {
  const limits = limitsNow();
  const sure = sureness(limits);
  const surely = completed.filter((_, column) => sure[column] >= confidence());
  const left = surely.filter((i) => fits(limits, i));
  fitting = new Set(left);
  const found = pickOf(left, state.prefer);
  picked = found.trial;
  showPick(left.length, found.alike, picked === null ? "" : doubtOf(limits, surely, state.prefer));
}

function showPick(count, alike, doubt) {
  if (picked === null) {
    byId("pick").replaceChildren(
      make("p", { class: "name" }, `No trial keeps these limits${confidence() ? " so surely" : ""}.`),
      make(
        "p",
        { class: "why" },
        "The command says which limit excludes all, and by how much the nearest trial misses it.",
      ),
      shell(command()),
    );
    return;
  }
  const trial = data.trials[picked];
  const { alone, alike: several } = data.prefer[state.prefer];
  const reason = alike === 1 ? ` ${alone}` : `, ${several.replace("#", alike)}`;
  const why = count === 1 ? "It alone keeps the limits." : `Of the ${count} trials that keep the limits${reason}.`;
  byId("pick").replaceChildren(
    make("p", { class: "name" }, `Trial ${trial.id}: ${trial.name}`),
    make("p", { class: "why" }, why),
    figuresOf(picked, false),
    make("p", { class: "why" }, doubt),
    shell(command()),
    shell(`kwssearch export ${data.folder} ${trial.id} --out trial_${trial.id}`),
  );
}
