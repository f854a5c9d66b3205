/* What a trial takes words for. */

const MANY_WORDS = 14; // more are drawn without counts, across the page

function drawConfusion({ confusions, seeds }, width) {
  const words = data.words;
  const many = words.length > MANY_WORDS;
  byId("confusion").classList.toggle("across", many);
  byId("confusion").tabIndex = many ? 0 : -1; // it scrolls on a narrow screen
  const cells = confusedPairs(words, confusions, seeds);
  const told = worstSentence(cells);
  const room = many ? Math.max(Math.min(byId("confusion").clientWidth, 760), 110 + 13 * words.length) : width;
  const margin = Math.min(96, 18 + 7 * Math.max(...words.map((word) => word.length)));
  const side = (room - margin) / words.length;
  const drawn = Plot.plot({
    width: room,
    height: Math.min(room, 60 + words.length * (many ? side : 30)),
    marginLeft: margin,
    marginTop: many ? margin : words.length > 8 ? 60 : 34,
    marginBottom: 6,
    padding: 0.06,
    x: {
      domain: words,
      axis: "top",
      label: many ? null : "taken for",
      tickRotate: many ? -90 : words.length > 8 ? -45 : 0,
    },
    y: { domain: words, label: null },
    color: { domain: [0, 1], interpolate: shade },
    marks: [
      Plot.cell(cells, {
        x: "taken",
        y: "word",
        fill: "share",
        title: (cell) => `${cell.word} taken for ${cell.taken}: ${cell.clips} clips`,
      }),
      many ? null : counts(cells),
    ].filter(Boolean),
    style: { fontSize: many ? "10px" : "11px" },
  });
  const mean = seeds > 1 ? `, means over ${seeds} seeds` : "";
  const read = `Test clips${mean}; a row is a word, a column what it was taken for.`;
  return [caption("Word by word", `${told} ${read}`), picture(drawn, `Confusions. ${told}`)];
}

/* Each word with each one that it was taken for: clips, a mean over the seeds, and their share of the word's. */
function confusedPairs(words, confusions, seeds) {
  const rows = words.map((_, k) => d3.sum(confusions.slice(k * words.length, (k + 1) * words.length)));
  return confusions.map((count, k) => {
    const [row, column] = [Math.floor(k / words.length), k % words.length];
    const clips = +(count / seeds).toFixed(1);
    return { word: words[row], taken: words[column], clips, share: count / (rows[row] || 1) };
  });
}

function worstSentence(cells) {
  const wrong = cells.filter((cell) => cell.word !== cell.taken && cell.clips > 0).sort((a, b) => b.clips - a.clips);
  const worst = wrong.slice(0, 3).map((cell) => `${cell.word} for ${cell.taken} (${cell.clips})`);
  return worst.length ? `Most often it takes ${worst.join(", ")}.` : "It takes no word for another.";
}

const shade = (share) => `color-mix(in srgb, var(--accent) ${Math.round(100 * Math.sqrt(share))}%, var(--faint))`;

function counts(cells) {
  return Plot.text(
    cells.filter((cell) => cell.clips > 0),
    {
      x: "taken",
      y: "word",
      text: (cell) => Math.round(cell.clips) || "·",
      fontVariant: "tabular-nums",
      fill: (cell) => (cell.share > 0.35 ? "var(--accent-ink)" : "var(--ink)"),
    },
  );
}
