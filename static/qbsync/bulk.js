// The boxes of the list of accounts: the page's, a range with Shift, all that are filtered; and the bar of actions.
// Listens on the document, so that a table that htmx swaps in works without being set up again.
(() => {
  "use strict";

  let last = null;

  const table = () => document.getElementById("account-table");
  const boxes = () => [...document.querySelectorAll("#account-table input[name=account]")];
  const all = () => document.querySelector("[data-bulk-all]");

  const show = () => {
    const rows = boxes();
    const bar = document.getElementById("quickbooks-bulk");
    if (!bar) return;
    const ticked = rows.filter((box) => box.checked).length;
    const everything = all();
    if (everything && ticked < rows.length) everything.checked = false;
    const isAll = Boolean(everything && everything.checked);
    const page = document.querySelector("[data-bulk-page]");
    page.checked = ticked > 0 && ticked === rows.length;
    page.indeterminate = ticked > 0 && ticked < rows.length;
    rows.forEach((box) => box.closest("tr").classList.toggle("is-selected", box.checked));
    table().classList.toggle("is-selecting", ticked > 0);
    const count = isAll ? everything.dataset.bulkAll : String(ticked);
    bar.querySelector("[data-bulk-count]").textContent = ticked ? `${isAll ? "All " : ""}${count} selected` : "";
    const offer = bar.querySelector("[data-bulk-everything]");
    if (offer) offer.hidden = isAll || ticked < rows.length;
    bar.querySelector("[data-bulk-this-page]").hidden = ticked === rows.length;
  };

  const tick = (checked) => {
    boxes().forEach((box) => (box.checked = checked));
    if (!checked && all()) all().checked = false;
    last = null;
    show();
  };

  document.addEventListener("click", (event) => {
    const box = event.target.closest && event.target.closest("#account-table input[name=account]");
    if (box) {
      const rows = boxes();
      const from = rows.indexOf(last);
      if (event.shiftKey && from >= 0) {
        const [start, end] = [from, rows.indexOf(box)].sort((a, b) => a - b);
        rows.slice(start, end + 1).forEach((one) => (one.checked = box.checked));
      }
      last = box;
    } else if (event.target.closest("[data-bulk-clear]")) {
      tick(false);
      const page = document.querySelector("[data-bulk-page]");
      if (page) page.focus();
    } else if (event.target.closest("[data-bulk-this-page]")) {
      tick(true);
    } else if (event.target.closest("[data-bulk-everything]")) {
      all().checked = true;
      show();
      document.querySelector("#quickbooks-bulk [type=submit]").focus();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-bulk-page]")) tick(event.target.checked);
    else if (event.target.matches("#account-table input[name=account]")) show();
  });
  document.addEventListener("htmx:afterSettle", show);
  window.addEventListener("pageshow", show);
  show();
})();
