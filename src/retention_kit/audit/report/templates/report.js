(function () {
  "use strict";
  var root = document.documentElement;

  function visibleSection() {
    var found = null;
    document.querySelectorAll('.half[lang="' + root.dataset.language + '"] section[id]').forEach(function (one) {
      if (one.getBoundingClientRect().top < 120) { found = one; }
    });
    return found;
  }

  function show(language, keepsPlace) {
    var place = keepsPlace ? visibleSection() : null;
    var offset = place ? place.getBoundingClientRect().top : 0;
    var name = place ? place.id.replace(/-[a-z]+$/, "") : "";
    var half = document.querySelector('.half[data-half="' + language + '"]');
    root.dataset.language = language;
    root.lang = language;
    document.title = half.dataset.title;
    if (place) {
      var same = document.getElementById(name + "-" + language);
      if (same) { window.scrollBy({ top: same.getBoundingClientRect().top - offset, behavior: "instant" }); }
    }
  }

  function remembered() {
    try { return window.localStorage.getItem("retention-kit-language"); } catch (e) { return null; }
  }

  function remember(language) {
    try { window.localStorage.setItem("retention-kit-language", language); } catch (e) { return; }
  }

  document.querySelectorAll("[data-switch]").forEach(function (button) {
    button.addEventListener("click", function () {
      show(button.dataset.switch, true);
      remember(button.dataset.switch);
      var twin = document.querySelector('.half[data-half="' + button.dataset.switch + '"] [data-switch="' + button.dataset.switch + '"]');
      twin.focus({ preventScroll: true });
    });
  });

  var kept = remembered();
  if (kept && document.querySelector('.half[data-half="' + kept + '"]')) { show(kept, false); }

  function key(cell, isText, collator) {
    var holder = cell.querySelector("[data-v]");
    if (!holder) { return { text: cell.textContent.trim() }; }
    var raw = holder.dataset.v;
    if (raw === "") { return { empty: true }; }
    var number = Number(raw);
    return isNaN(number) ? { text: raw } : { number: number };
  }

  function compare(a, b, collator, direction) {
    if (a.empty || b.empty) { return (a.empty ? 1 : 0) - (b.empty ? 1 : 0); }
    if ("number" in a && "number" in b) { return direction * (a.number - b.number); }
    return direction * collator.compare(String(a.text || a.number), String(b.text || b.number));
  }

  document.querySelectorAll("table.gt_table").forEach(function (table) {
    var headings = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
    var language = table.closest("[lang]").lang;
    var collator = new Intl.Collator(language, { numeric: true });
    headings.forEach(function (heading, place) {
      var button = heading.querySelector("button.sort");
      if (!button) { return; }
      button.addEventListener("click", function () {
        var isNumber = heading.classList.contains("r") || heading.className.indexOf("right") >= 0;
        var was = heading.getAttribute("aria-sort");
        var next = was === "descending" ? "ascending" : was === "ascending" ? "descending" : isNumber ? "descending" : "ascending";
        headings.forEach(function (one) { one.removeAttribute("aria-sort"); });
        heading.setAttribute("aria-sort", next);
        var direction = next === "ascending" ? 1 : -1;
        var body = table.tBodies[0];
        Array.from(body.rows)
          .map(function (row) { return { row: row, key: key(row.cells[place]) }; })
          .sort(function (a, b) { return compare(a.key, b.key, collator, direction); })
          .forEach(function (one) { body.appendChild(one.row); });
        document.getElementById("said").textContent = button.title + (direction === 1 ? " ↑" : " ↓");
      });
    });
  });

  var opened = [];
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open])").forEach(function (one) { one.open = true; opened.push(one); });
  });
  window.addEventListener("afterprint", function () {
    opened.splice(0).forEach(function (one) { one.open = false; });
  });
}());
