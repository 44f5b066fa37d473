"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const form = $("filter"), table = $("claims"), body = table.tBodies[0];
  const rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const sections = new Map([...document.querySelectorAll("section.claim")].map((s) => [s.id, s]));
  let sorted = null; // {column, descending}

  function filter() {
    const words = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const hit = words.every((w) => text.includes(w)) &&
        (!$("v").value || row.dataset.v === $("v").value) && (!$("f").value || row.dataset.f === $("f").value);
      row.hidden = !hit;
      const section = sections.get(row.dataset.id);
      if (section) section.hidden = !hit;
      if (hit) shown++;
    }
    $("n").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} claims`;
  }

  const value = (row, i) => {
    const cell = row.cells[i];
    if (cell.dataset.n !== undefined) return Number(cell.dataset.n);
    const text = cell.textContent.trim();
    const number = parseFloat(text);
    return Number.isNaN(number) ? text : number;
  };

  function compare(a, b) {
    const number = [a, b].map((x) => typeof x === "number");
    if (number[0] && number[1]) return a === b ? 0 : a < b ? -1 : 1;
    if (number[0] !== number[1]) return number[0] ? -1 : 1;
    return a.localeCompare(b, "en");
  }

  function sort(column, descending) {
    sorted = { column, descending };
    heads.forEach((h, i) => {
      if (i === column) h.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else h.removeAttribute("aria-sort");
    });
    const keyed = rows.map((row, i) => ({ row, i, key: value(row, column) }));
    const blank = (k) => k.key === "–";
    keyed.sort((a, b) => blank(a) - blank(b) || (descending ? -1 : 1) * compare(a.key, b.key) || a.i - b.i);
    body.append(...keyed.map((k) => k.row));
  }

  // The state of the overview lives in the address, so that a view can be
  // passed on: #?q=gram&v=HOLDS&f=always&sort=9&desc=1
  function save() {
    const state = new URLSearchParams();
    for (const id of ["q", "v", "f"]) if ($(id).value) state.set(id, $(id).value);
    if (sorted) {
      state.set("sort", sorted.column);
      if (sorted.descending) state.set("desc", "1");
    }
    const text = state.toString();
    history.replaceState(null, "", text ? "#?" + text : location.pathname + location.search);
  }

  function load() {
    if (!location.hash.startsWith("#?")) return reveal();
    const state = new URLSearchParams(location.hash.slice(2));
    for (const id of ["q", "v", "f"]) $(id).value = state.get(id) || "";
    const column = Number(state.get("sort"));
    if (state.has("sort") && heads[column]) sort(column, state.has("desc"));
    filter();
  }

  // A link to a claim that the filter hides must still lead there.
  function reveal() {
    const section = sections.get(decodeURIComponent(location.hash.slice(1)));
    if (!section || !section.hidden) return;
    form.reset();
    filter();
    section.scrollIntoView();
  }

  heads.forEach((h, i) => {
    if (h.dataset.still !== undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...h.childNodes);
    h.append(button);
    button.addEventListener("click", () => {
      sort(i, sorted !== null && sorted.column === i && !sorted.descending);
      save();
    });
  });
  form.addEventListener("input", () => { filter(); save(); });
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { filter(); save(); }));
  addEventListener("hashchange", load);
  form.hidden = false;
  load();
})();
