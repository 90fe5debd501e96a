// Sorts the table by the column whose head is pressed, and the other way round when it is pressed again.
for (const [column, button] of document.querySelectorAll("thead button").entries()) {
  button.addEventListener("click", () => {
    const body = document.querySelector("tbody");
    const down = button.dataset.order === "up";
    for (const other of document.querySelectorAll("thead button")) delete other.dataset.order;
    button.dataset.order = down ? "down" : "up";
    const key = (row) => row.cells[column].textContent;
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      // Empty cells last, whatever the order.
      if (x === "" || y === "") return (x === "") - (y === "");
      const numeric = Number(x) - Number(y);
      const order = Number.isNaN(numeric) ? x.localeCompare(y) : numeric;
      return down ? -order : order;
    });
    body.append(...rows);
  });
}
