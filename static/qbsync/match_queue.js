// The keys of the match queue. Every key presses something that is on the page, so that all of it works without them.
(() => {
  "use strict";

  const queue = document.querySelector("[data-match-queue]");
  const help = document.getElementById("match-help");
  if (!queue) return;

  const open = () => [...queue.querySelectorAll("[data-match-open]")];
  const current = () => queue.querySelector(".is-current");
  let lastDone = "";

  const select = (row) => {
    const before = current();
    if (before) before.classList.remove("is-current");
    if (!row) return;
    row.classList.add("is-current");
    row.focus({ preventScroll: true });
    const smooth = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    row.scrollIntoView({ block: "nearest", behavior: smooth ? "smooth" : "auto" });
  };

  const move = (by) => {
    const rows = open();
    const at = rows.indexOf(current());
    select(rows[Math.min(Math.max(at + by, 0), rows.length - 1)]);
  };

  const press = (row, verb) => {
    const button = row && row.querySelector(`button[name="do"][value="${verb}"]:not(:disabled)`);
    if (button) button.click();
    return Boolean(button);
  };

  const choose = (row, number) => {
    const radio = row && row.querySelector(`[data-match-number="${number}"]:not(:disabled)`);
    if (!radio) return false;
    radio.checked = true;
    return true;
  };

  const search = (row) => {
    const field = row && row.querySelector("[type=search]");
    if (!field) return false;
    field.focus();
    field.select();
    return true;
  };

  const toggleHelp = () => (help.open ? help.close() : help.showModal());

  const keys = {
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    1: () => choose(current(), 1),
    2: () => choose(current(), 2),
    3: () => choose(current(), 3),
    Enter: () => press(current(), "link"),
    c: () => press(current(), "create"),
    s: () => press(current(), "skip"),
    u: () => press(document.getElementById(lastDone), "undo"),
    "/": () => search(current()),
    "?": () => toggleHelp(),
  };

  const isTyping = (target) => target.matches("input:not([type=radio]), select, textarea, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "Escape" && isTyping(event.target)) {
      select(event.target.closest("[data-match-open]"));
      return;
    }
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && event.target.matches("a, button")) return;
    const act = keys[event.key];
    if (!act) return;
    if (act() !== false) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-match-help]")) toggleHelp();
    if (event.target.closest("[data-match-help-close]") || event.target === help) help.close();
  });
  queue.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-match-open]");
    if (row && row !== current()) {
      if (current()) current().classList.remove("is-current");
      row.classList.add("is-current");
    }
  });

  // What is done leaves the hands: the next account is the current one. A search or a refusal keeps its account.
  // The rows settle without delay (settle:0ms), so that no key can fall between the new row and what it is done to.
  let following = null;
  queue.addEventListener("htmx:beforeSwap", (event) => {
    const row = event.target.closest("[data-match-open]");
    following = row ? { id: row.id, next: open()[open().indexOf(row) + 1] } : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    document.querySelector("[data-match-next]").hidden = open().length > 0;
    if (!following) return;
    const row = document.getElementById(following.id);
    const isStillOpen = row && row.hasAttribute("data-match-open");
    if (row && !isStillOpen) lastDone = row.id;
    select(isStillOpen ? row : following.next || open()[0]);
    following = null;
  });

  select(open()[0]);
})();
