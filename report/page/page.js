"use strict";
// A click on a head sorts its table: figures from the largest, words from A,
// and the other way round at the next click.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const rows = [...table.tBodies[0].rows];
      const figures = rows.some((row) => row.cells[column].dataset.v !== undefined);
      const before = head.getAttribute("aria-sort");
      const ascending = before ? before === "descending" : !figures;
      const key = (row) => figures ? Number(row.cells[column].dataset.v) : row.cells[column].textContent;
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
