"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  root.classList.add("js");

  // Language: both are in the page, the style sheet shows the one that the root element names.
  const languages = all("[data-lang]");
  const speak = (lang) => {
    root.lang = lang;
    languages.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.lang === lang)));
  };
  languages.forEach((b) => b.addEventListener("click", () => speak(b.dataset.lang)));
  speak(root.lang);

  // Filters: within one kind any choice fits, all kinds together must; no choice means all.
  const form = document.getElementById("filters");
  const rows = all(".row");
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const badges = new Map(all("[data-at]").map((badge) => [badge.dataset.at, badge]));
  const shown = document.getElementById("shown");
  const chosen = (kind) => all(`input[name="${kind}"]:checked`, form).map((input) => input.value);
  const fits = (row, choices) =>
    Object.entries(choices).every(([kind, values]) =>
      !values.length || values.some((v) => (row.dataset[kind] || "").split(" ").includes(v)));
  const filter = () => {
    const choices = Object.fromEntries(["status", "level", "role", "flow"].map((k) => [k, chosen(k)]));
    const asked = form.elements.find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const noted = form.elements.noted.checked;
    const other = form.elements.other;
    const hideOther = other && !other.checked;
    let number = 0;
    rows.forEach((row) => {
      const found = asked.every((w) => words.get(row).includes(w));
      let any = false;
      all(".at", row).forEach((at) => {
        const fit = found && fits(at, choices) && !(noted && !("noted" in at.dataset))
          && !(hideOther && at.dataset.status === "not_applicable");
        at.hidden = !fit;
        if (badges.has(at.id)) badges.get(at.id).hidden = !fit;
        any = any || fit;
      });
      row.parentElement.hidden = !any;
      number += any ? 1 : 0;
    });
    all(".section").forEach((s) => { s.hidden = !s.querySelector(".rows > li:not([hidden])"); });
    shown.textContent = String(number);
    document.getElementById("none").hidden = number > 0;
  };
  if (form) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    filter();
  }

  // A number at the verdict shows just the requirements that it counts.
  all("[data-only]").forEach((link) => link.addEventListener("click", () => {
    const boxes = all('input[name="status"]', form);
    if (!boxes.length) return;
    form.reset();
    boxes.forEach((box) => { box.checked = box.value === link.dataset.only; });
    filter();
  }));

  // A link to a requirement opens what it points to, and shows it if the filters hide it.
  const open = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!target) return;
    if (target.closest("[hidden]")) {
      all("input[type=checkbox]", form).forEach((i) => { i.checked = i.name === "other"; });
      form.elements.find.value = "";
      filter();
    }
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();

  // Copying; where the browser forbids it, the command is selected instead.
  all("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(text.textContent);
      const words = all("[data-said]", button.parentElement);
      words.forEach((w) => { w.hidden = !w.hidden; });
      setTimeout(() => words.forEach((w) => { w.hidden = !w.hidden; }), 1500);
    } catch {
      getSelection().selectAllChildren(text);
    }
  }));

  // On paper everything that must be changed is open; afterwards as it was.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all(".finding:not([open])");
    closed.forEach((f) => { f.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((f) => { f.open = false; }));
})();
