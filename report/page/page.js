"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = $("filter"), list = $("sources");
  const claims = all(".claim"), sources = all(".source"), opens = all(".open li");
  const counts = all(".tally li");
  const verdict = (c) => c.querySelector("b").textContent;

  // Formulas, figures and caught controls of a large page are packed: a claim gets its own
  // when it is unfolded.
  let packed; // a promise of the parts, in the order of the claims
  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }
  const parts = () => packed ??= unpack($("lazy").textContent);
  async function complete(claim) {
    if (!$("lazy") || claim.dataset.whole) return;
    claim.dataset.whole = 1;
    try {
      const part = (await parts())[claims.indexOf(claim)];
      if (part.m) claim.querySelector(".formula").innerHTML = part.m;
      if (part.g) {
        let e = [...claim.querySelectorAll(":scope > :is(summary, .formula, .meta, .reason, .statement, .scroll)")].pop();
        while (e.nextElementSibling?.matches(".note")) e = e.nextElementSibling;
        e.insertAdjacentHTML("afterend", `<div class=figures>${part.g}</div>`);
      }
      if (part.r) claim.querySelector(".rest").outerHTML = part.r;
    } catch { // an old browser: the formula stays text
    }
  }

  // What is wider than its box scrolls, and can be scrolled by keyboard. To
  // measure what is folded would lay out the whole page.
  function measure(root) {
    for (const box of all(".scroll, .formula, pre", root)) {
      if (box.closest("details:not([open])")) continue;
      const wide = box.scrollWidth > box.clientWidth;
      if (wide) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", box.matches("pre") ? "Text, scrolls sideways" : box.matches(".formula") ? "Formula, scrolls sideways" : "Table, scrolls sideways");
      } else {
        for (const a of ["tabindex", "role", "aria-label"]) box.removeAttribute(a);
      }
    }
  }
  document.addEventListener("toggle", async (e) => {
    if (!e.target.open) return;
    if (e.target.matches(".claim")) await complete(e.target);
    measure(e.target);
  }, true);
  addEventListener("resize", () => measure(document));

  // Texts are gathered when they are first looked for. Signs may be typed in
  // ASCII.
  const plain = (s) => s.toLowerCase().replace(/≤/g, "<=").replace(/≥/g, ">=").replace(/≠/g, "!=").replace(/±/g, "+-").replace(/→/g, "->");
  let texts;
  const shows = (c, v) => !v || (v === "unfit" ? c.dataset.unfit !== undefined : verdict(c) === v);

  // gather adds what is packed to the texts.
  function gather(packed) {
    const e = document.createElement("template");
    claims.forEach((c, i) => {
      e.innerHTML = packed[i].r || "";
      texts.set(c, texts.get(c) + " " + plain(e.content.textContent));
    });
    filter();
  }

  function filter() {
    const words = plain($("q").value).split(/\s+/).filter(Boolean), v = $("v").value;
    if (words.length && !texts) {
      texts = new Map(claims.map((c) => [c, plain(c.textContent + " " + c.closest(".source").firstElementChild.textContent)]));
      if ($("lazy")) parts().then(gather, () => {});
    }
    const hits = claims.filter((c) => shows(c, v) && words.every((w) => texts.get(c).includes(w)));
    const hit = new Set(hits.map((c) => c.id)), some = hits.length < claims.length;
    for (const c of claims) c.hidden = !hit.has(c.id);
    for (const s of sources) {
      s.hidden = !s.querySelector(".claim:not([hidden])");
      if (some && !s.hidden && !s.open) s.open = s.byFilter = true;
      if (!some && s.byFilter) s.open = s.byFilter = false;
    }
    for (const li of opens) li.hidden = !hit.has(decodeURIComponent(li.querySelector("a").hash.slice(1)));
    for (const list of all(".open")) list.parentElement.hidden = !list.querySelector("li:not([hidden])");
    bases();
    for (const li of counts) li.firstElementChild.setAttribute("aria-pressed", li.dataset.v === v);
    $("n").textContent = some ? `${hits.length} of ${claims.length} claims` : "";
  }

  // The heading of the base facts stands while they follow it.
  function bases() {
    for (const base of all("h2.base", list)) base.hidden = $("o").value !== "" || !inOrder.slice(inOrder.indexOf(base)).some((e) => e.matches(".source:not([hidden])"));
  }

  // sort orders the claims of each source, and the sources, by a number that
  // they carry; what has none comes last.
  function sort() {
    const order = $("o").value, sign = order[0] === "-" ? -1 : 1, key = order.replace("-", "");
    const value = (e) => { // of a source the loosest claim, where the loosest comes first
      const number = order === "-s" && e.dataset.l || e.dataset[key];
      return number === undefined ? Infinity : sign * number;
    };
    const place = (items) => {
      for (const item of key ? [...items].sort((a, b) => value(a) - value(b) || 0) : items) item.parentNode.append(item);
    };
    place(claims);
    bases();
    if (key) place(sources);
    else for (const e of inOrder) list.append(e);
  }
  const inOrder = all(".source, h2.base", list);

  // The state lives in the address, so that a view can be passed on:
  // #?q=gram&v=HOLDS&o=s
  function save() {
    const state = new URLSearchParams();
    for (const id of ["q", "v", "o"]) if ($(id).value) state.set(id, $(id).value);
    const text = state.toString();
    try {
      history.replaceState(null, "", text ? "#?" + text : location.pathname + location.search);
    } catch { // a page shown inside another has no address of its own
    }
  }

  function load() {
    if (!location.hash.startsWith("#?")) return reveal();
    const state = new URLSearchParams(location.hash.slice(2));
    for (const id of ["q", "v", "o"]) $(id).value = state.get(id) || "";
    sort();
    filter();
  }

  // A link to a claim unfolds it, even when the filter hides it.
  function reveal() {
    const target = $(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.matches("details")) return;
    if (target.hidden) {
      form.reset();
      filter();
    }
    for (let d = target; d; d = d.parentElement.closest("details")) d.open = true;
    target.scrollIntoView();
  }

  for (const li of counts) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...li.childNodes);
    li.append(button);
    button.addEventListener("click", () => {
      $("v").value = $("v").value === li.dataset.v ? "" : li.dataset.v;
      filter();
      save();
    });
  }
  let unfolded = false;
  $("all").addEventListener("click", () => {
    unfolded = !unfolded;
    for (const d of [...sources, ...claims]) if (!d.hidden) d.open = unfolded;
    $("all").textContent = unfolded ? "Fold all" : "Unfold all";
  });
  let waiting;
  form.addEventListener("input", (e) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (e.target.id === "o") sort(); filter(); save(); }, e.target.id === "q" ? 120 : 0);
  });
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { sort(); filter(); save(); }));
  addEventListener("hashchange", load);
  form.hidden = false;
  for (const li of counts) li.firstElementChild.setAttribute("aria-pressed", "false");
  load();
  measure(document);
})();
