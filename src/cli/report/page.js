// Sorts the table of layers by the column whose head is clicked. The page is whole without it. No less-than or ampersand in here.
for (const table of document.querySelectorAll("table.sorts")) {
    const heads = Array.from(table.tHead.rows[0].cells);
    const value = (row, column) => row.cells[column].textContent.replace(/[,–]/g, "");
    heads.forEach((head, column) => {
        head.setAttribute("aria-sort", "none");
        head.tabIndex = 0;
        const sort = () => {
            const down = head.getAttribute("aria-sort") !== "descending";
            const body = table.tBodies[0];
            const rows = Array.from(body.rows).sort((a, b) =>
                value(a, column).localeCompare(value(b, column), "en", { numeric: true }) * (down ? -1 : 1));
            heads.forEach(other => other.setAttribute("aria-sort", "none"));
            head.setAttribute("aria-sort", down ? "descending" : "ascending");
            body.append(...rows);
        };
        head.addEventListener("click", sort);
        head.addEventListener("keydown", event => { if (event.key === "Enter") sort(); });
    });
}
