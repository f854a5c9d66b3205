/* The table of all trials: sorting, finding, and rows that are linked with their points. */

const grid = byId("grid");
const rows = [...grid.tBodies[0].rows].sort((a, b) => a.dataset.row - b.dataset.row);
const texts = rows.map((row) => row.textContent.toLowerCase());

const MANY = 150; // rows; of more, those out of sight are not laid out

/* Rows as grids of fixed columns, of which the browser lays out only what is in sight; roles say what they are. */
function lighten() {
  const widths = [...grid.tHead.rows[0].cells].map((cell) => `${Math.ceil(cell.offsetWidth)}px`);
  const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell", CAPTION: "caption" };
  for (const part of [grid, ...grid.querySelectorAll("*")]) {
    const role = part.tagName === "TH" ? (part.scope === "col" ? "columnheader" : "rowheader") : roles[part.tagName];
    if (role) part.setAttribute("role", role);
  }
  grid.style.setProperty("--columns", widths.join(" "));
  grid.classList.add("light");
}

function buildTable() {
  if (rows.length > MANY) lighten();
  [...grid.tHead.rows[0].cells].forEach((head, column) => {
    head.firstElementChild.addEventListener("click", () => sortBy(head, column));
  });
  for (const id of ["find", "only-front", "only-fitting"]) byId(id).addEventListener("input", filterRows);
  grid.tBodies[0].addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) chooseTrial(Number(row.dataset.row));
  });
  grid.tBodies[0].addEventListener("pointerover", (event) =>
    look(Number(event.target.closest("tr").dataset.row), false),
  );
  grid.tBodies[0].addEventListener("pointerleave", () => look(null));
}

function sortBy(head, column) {
  const up = head.getAttribute("aria-sort") === "descending" || (!head.ariaSort && !prefersHigh(head));
  for (const cell of head.parentElement.cells) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const keys = new Map(rows.map((row) => [row, keyOf(row.cells[column])]));
  const order = [...rows].sort((a, b) => compare(keys.get(a), keys.get(b), up));
  grid.tBodies[0].replaceChildren(...order);
}

/* Accuracies begin with the highest, everything else with the lowest. */
const prefersHigh = (head) => /accuracy|interval|validation|worlds/.test(head.textContent);

function keyOf(cell) {
  if (!("value" in cell.dataset)) return cell.textContent.toLowerCase();
  return cell.dataset.value === "" ? null : Number(cell.dataset.value);
}

/* What is not known comes last, whichever way the rest is sorted. */
function compare(a, b, up) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
  return up ? order : -order;
}

function filterRows() {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const front = byId("only-front").checked,
    within = byId("only-fitting").checked;
  let count = 0;
  rows.forEach((row, i) => {
    const shown =
      words.every((word) => texts[i].includes(word)) && (!front || data.trials[i].front) && (!within || fitting.has(i));
    if (row.hidden === shown) row.hidden = !shown;
    count += shown;
  });
  byId("count").textContent = `${count} of ${rows.length} trials`;
}

function markTable() {
  rows.forEach((row, i) => {
    const marks = [
      data.trials[i].front && "front",
      data.deciding[i] !== null && !fitting.has(i) && "out",
      i === picked && "picked",
      i === looked && "looked",
    ];
    const name = marks.filter(Boolean).join(" ");
    if (row.className !== name) row.className = name;
  });
}
