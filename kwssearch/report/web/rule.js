"use strict";
/* What the page knows, and the rule of `kwssearch pick` (kwssearch/analysis/picking.py, which tests hold this to). */

const data = JSON.parse(document.getElementById("data").textContent);
const ROUNDING = 1e-9;

const figure = (name, i) => (name === "deciding" ? data.deciding[i] : data.figures[name][i]);

/* Whether a figure keeps a limit; what is not known keeps none. */
function keeps(limit, value, own) {
  if (own === null || own === undefined) return false;
  return (
    limit.sign * own <= limit.sign * value ||
    Math.abs(own - value) <= ROUNDING * Math.max(Math.abs(own), Math.abs(value))
  );
}

/* Whether a trial is completed and keeps all limits, given as {max_memory: 100000, ...}. */
function fits(limits, i) {
  return (
    data.deciding[i] !== null &&
    data.limits.every((limit) => !(limit.name in limits) || keeps(limit, limits[limit.name], figure(limit.figure, i)))
  );
}

/* Which of the trials that fit is picked, and how many are as good as the best by what decides first. */
function pickOf(fitting, prefer, of = figure) {
  let left = fitting,
    alike = 0;
  for (const { name, sign, cost, same } of data.prefer[prefer].order) {
    const losses = left.map((i) => sign * of(name, i));
    const best = Math.min(...losses);
    const most = cost ? best * (1 + same) : best + same;
    left = left.filter((_, k) => losses[k] <= most);
    alike = alike || left.length;
  }
  return { trial: left.length ? left[0] : null, alike };
}
