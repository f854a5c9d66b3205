/* Puts the parts together. */

let looked = null;

/* A trial under the pointer or the keyboard's focus, in the plot and in the table. */
function look(i, card = true) {
  if (looked !== null) rows[looked].classList.remove("looked");
  looked = i;
  if (i !== null) rows[i].classList.add("looked");
  showLooked(card);
}

function chooseTrial(i) {
  state.chosen = i;
  remember();
  showTrial();
}

/* After a limit or a preference has changed. */
function refresh() {
  choose();
  showLimits();
  markScatter();
  markTable();
  if (byId("only-fitting").checked) filterRows();
  if (state.chosen === null) later(showTrial);
  later(remember);
}

/* What may wait until a slider rests. */
const waiting = new Map();
function later(task) {
  clearTimeout(waiting.get(task));
  waiting.set(task, setTimeout(task, 120));
}

/* A page of a search that goes on loads itself again, while nobody works with it. */
function renew(seconds) {
  let touched = 0;
  for (const kind of ["pointerdown", "keydown", "input", "wheel"]) {
    addEventListener(
      kind,
      () => {
        touched = Date.now();
      },
      { passive: true },
    );
  }
  setInterval(() => {
    if (document.visibilityState === "visible" && Date.now() - touched > 5000) location.reload();
  }, 1000 * seconds);
}

recall();
buildLimits();
buildTable();
buildScatter();
buildTrial();
choose();
showLimits();
drawScatter();
markTable();
filterRows();
showTrial();
showSpent();
if (data.reload) renew(data.reload);
