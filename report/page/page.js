"use strict";
// A click on a head sorts its table: figures from the largest, words from A,
// and the other way round at the next click.
// The figure of a cell is what its text begins with, unless the cell has another one.
const units = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, "%": 0.01, " pt": 0.01 };
const figure = (cell) => {
  if (cell.dataset.v) return Number(cell.dataset.v);
  const found = /^[<>+]?(-?\d+(?:\.\d+)?)(ns|us|ms|s|%| pt)?/.exec(cell.textContent);
  return found ? found[1] * (units[found[2]] ?? 1) : 0;
};
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const rows = [...table.tBodies[0].rows];
      const figures = !head.classList.contains("words");
      const before = head.getAttribute("aria-sort");
      const ascending = before ? before === "descending" : !figures;
      const key = (row) => figures ? figure(row.cells[column]) : row.cells[column].textContent;
      rows.sort((a, b) => {
        const x = key(a), y = key(b);
        return (x < y ? -1 : x > y ? 1 : 0) * (ascending ? 1 : -1);
      });
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      table.tBodies[0].append(...rows);
    });
  });
}
