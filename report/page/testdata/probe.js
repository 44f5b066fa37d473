// The probe runs at the end of a copy of the page and tells its parent what it
// saw: what is wider than the screen, what the filters show, and what axe-core
// finds where that is there.
"use strict";
(async () => {
  const seen = { width: innerWidth, errors: window.errors };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const name = (e) => `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}.${e.className.baseVal ?? e.className} "${e.textContent.trim().slice(0, 40)}"`;
  // unfolded lists what can be seen: to measure the rest takes a minute.
  const unfolded = (root, found = []) => {
    for (const e of root.children) {
      if (root.matches("details:not([open])") && !e.matches("summary")) continue;
      found.push(e);
      unfolded(e, found);
    }
    return found;
  };
  const shown = () => all(".claim").filter((c) => !c.hidden).length;
  const set = async (id, value) => {
    const field = document.getElementById(id);
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await wait(200);
  };
  try {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    seen.paint = paint ? Math.round(paint.startTime) : -1;
    seen.claims = shown();
    seen.found = {};
    for (const words of window.searches ?? []) {
      await set("q", words);
      seen.found[words] = shown();
    }
    await set("q", "");
    seen.verdicts = {};
    for (const li of all(".tally li")) {
      const button = li.querySelector("button");
      button.click();
      await wait(10);
      seen.verdicts[li.dataset.v] = [Number(li.querySelector("b").textContent), shown(), button.getAttribute("aria-pressed")];
      button.click();
    }
    const ids = () => all(".claim").map((c) => c.id).join();
    const before = ids();
    await set("o", "-s");
    seen.sorts = ids() !== before;
    await set("o", "");
    seen.sortsBack = ids() === before;

    if (window.unfold === "all") document.getElementById("all").click();
    else for (const s of all(".source")) { s.open = true; s.querySelector(".claim").open = true; }
    for (let i = 0; i < 100 && all(".claim[open]").some((c) => document.getElementById("lazy") && !c.dataset.whole); i++) await wait(20);
    await wait(300);
    seen.formulas = all(".claim[open] math").length;
    seen.figures = all(".claim[open] svg").length;
    seen.scrollWidth = document.scrollingElement.scrollWidth;
    const box = window.print === true ? "no-such-box" : ".scroll, .formula, pre";
    seen.wide = unfolded(document.body).filter((e) => {
      const r = e.getBoundingClientRect();
      return r.width > 0 && r.right > document.documentElement.clientWidth + 1 && !e.closest(box) && !e.closest(".sr, .skip");
    }).map(name).slice(0, 10);
    seen.unmarked = unfolded(document.body).filter((e) => e.matches(".scroll, .formula, pre") && e.scrollWidth > e.clientWidth && e.tabIndex !== 0).map(name).slice(0, 10);
    if (window.axe) {
      const result = await axe.run(document, { resultTypes: ["violations"] });
      seen.axe = result.violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.length} times, ${v.nodes[0].html.slice(0, 200)}`);
      seen.rules = result.passes.length;
    }
  } catch (e) {
    seen.errors.push(String(e.stack ?? e));
  }
  parent.postMessage(seen, "*");
})();
