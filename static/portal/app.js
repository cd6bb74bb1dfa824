// Behaviour that HTML and htmx do not give by themselves: tooltips, the one dialog, toasts, field rows, filters.
// All of it listens on the document, so that what htmx swaps in works without being set up again.
(() => {
  "use strict";

  // --- Tooltips: by hover, keyboard focus and touch; Escape dismisses; the pointer may move onto the text ------------

  let openTip = null;
  let closing = 0;

  const bodyOf = (trigger) => document.getElementById(trigger.getAttribute("aria-describedby"));

  const place = (trigger, body) => {
    const at = trigger.getBoundingClientRect();
    const size = body.getBoundingClientRect();
    const above = at.bottom + size.height + 14 > window.innerHeight && at.top > size.height + 14;
    const left = Math.min(Math.max(12, at.left + at.width / 2 - size.width / 2), window.innerWidth - size.width - 12);
    body.style.left = `${left}px`;
    body.style.top = `${above ? at.top - size.height - 6 : at.bottom + 6}px`;
  };

  const hideTip = () => {
    window.clearTimeout(closing);
    if (openTip && openTip.matches(":popover-open")) openTip.hidePopover();
    openTip = null;
  };

  const showTip = (trigger) => {
    const body = bodyOf(trigger);
    window.clearTimeout(closing);
    if (!body || !body.showPopover || body === openTip) return;
    hideTip();
    body.showPopover();
    place(trigger, body);
    openTip = body;
  };

  const trigger = (event) => event.target.closest && event.target.closest(".tip-trigger");

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const over = trigger(event);
    if (over) showTip(over);
    else if (openTip && openTip.contains(event.target)) window.clearTimeout(closing);
  });
  document.addEventListener("pointerout", (event) => {
    if (event.pointerType === "touch" || !openTip) return;
    const from = trigger(event);
    if ((from && bodyOf(from) === openTip) || openTip.contains(event.target)) {
      window.clearTimeout(closing);
      closing = window.setTimeout(hideTip, 150);
    }
  });
  document.addEventListener("focusin", (event) => {
    const focused = trigger(event);
    if (focused && focused.matches(":focus-visible")) showTip(focused);
  });
  document.addEventListener("focusout", (event) => {
    if (trigger(event)) hideTip();
  });
  document.addEventListener("click", (event) => {
    const clicked = trigger(event);
    if (clicked) showTip(clicked);
    else if (openTip && !openTip.contains(event.target)) hideTip();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && openTip) {
      hideTip();
      event.preventDefault();
    }
  });
  window.addEventListener("scroll", hideTip, { capture: true, passive: true });

  // --- The dialog: whatever is swapped into #dialog opens it ---------------------------------------------------------

  const dialog = document.getElementById("dialog");
  const closeDialog = () => dialog && dialog.open && dialog.close();
  let back = null; // where the focus returns to: what opened the dialog, or the button of the menu that it was in

  document.addEventListener("htmx:afterSwap", (event) => {
    if (!dialog || event.detail.target !== dialog) return;
    const opener = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (opener && opener.dataset && !dialog.contains(opener)) {
      dialog.dataset.size = opener.dataset.dialogSize || "";
      const menu = opener.closest(".dropdown");
      back = menu ? menu.querySelector("[data-bs-toggle=dropdown]") : opener;
    }
    if (dialog.childElementCount && !dialog.open) dialog.showModal();
  });
  document.addEventListener("dialogClose", closeDialog);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dialog-close]") && dialog && dialog.open) {
      event.preventDefault();
      closeDialog();
    }
  });
  if (dialog) {
    dialog.addEventListener("close", () => {
      dialog.replaceChildren();
      if (back && back.isConnected) back.focus();
    });
  }

  // --- Toasts: good news leaves by itself, bad news stays until it is closed ----------------------------------------

  const arm = (note) => {
    if (note.dataset.armed) return;
    note.dataset.armed = "yes";
    if (!note.matches(".toast-error, .toast-warning")) {
      let timer = window.setTimeout(() => note.remove(), 6000);
      note.addEventListener("pointerenter", () => window.clearTimeout(timer));
      note.addEventListener("pointerleave", () => (timer = window.setTimeout(() => note.remove(), 2500)));
    }
  };
  const armAll = () => document.querySelectorAll(".toast-note").forEach(arm);
  const complain = (text) => {
    const template = document.getElementById("toast-template");
    const region = document.getElementById("toasts");
    if (!template || !region) return;
    const note = template.content.firstElementChild.cloneNode(true);
    note.querySelector("[data-text]").textContent = text;
    region.append(note);
    arm(note);
  };
  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-toast-close]");
    if (close) close.closest(".toast-note").remove();
  });
  document.addEventListener("htmx:afterSettle", armAll);
  document.addEventListener("htmx:oobAfterSwap", armAll);
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 403) complain("You may not do this, or this page is out of date. Reload it and try again.");
    else if (status === 404) complain("This is no longer here. Reload the page.");
    else complain("The portal could not answer. Reload the page to see how things stand, then try again.");
  });
  document.addEventListener("htmx:sendError", () => complain("No connection to the portal. Once it is back, reload the page to see how things stand."));
  armAll();

  // --- Rows that a form can add (invoice lines, contacts) ------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add-row]");
    if (add) {
      const form = add.closest("form");
      const prefix = add.dataset.addRow;
      const total = form.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
      const template = document.getElementById(`${prefix}-row`);
      const row = template.content.firstElementChild.cloneNode(true);
      row.querySelectorAll("[name], [id], [for], [aria-describedby]").forEach((field) => {
        ["name", "id", "for", "aria-describedby"].forEach((attribute) => {
          if (field.hasAttribute(attribute)) {
            field.setAttribute(attribute, field.getAttribute(attribute).replace("__prefix__", total.value));
          }
        });
      });
      form.querySelector(`[data-rows="${prefix}"]`).append(row);
      total.value = Number(total.value) + 1;
      row.querySelector("input:not([type=hidden]), select").focus();
      return;
    }
    const remove = event.target.closest("[data-remove-row]");
    if (remove) {
      const row = remove.closest("[data-row]");
      const marker = row.querySelector("[name$='-DELETE']");
      const rows = row.parentElement;
      marker.checked = true;
      row.hidden = true;
      recount(row.closest("form"));
      const next = [...rows.querySelectorAll("[data-row]:not([hidden]) input:not([type=hidden])")].pop();
      (next || row.closest("form").querySelector("[data-add-row]")).focus();
    }
  });

  // --- Sums that follow what is typed; the server computes them again ------------------------------------------------

  const money = (cents) =>
    (cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const number = (field) => Number((field && field.value.replace(/,/g, "")) || 0) || 0;
  const recount = (form) => {
    if (!form) return;
    let sum = 0;
    form.querySelectorAll("[data-row]:not([hidden])").forEach((row) => {
      const quantity = row.querySelector("[data-quantity]");
      const amount = row.querySelector("[data-allocation]");
      const cents = quantity
        ? Math.round(number(quantity) * number(row.querySelector("[data-rate]")) * 100 + 1e-7)
        : Math.round(number(amount) * 100);
      const shown = row.querySelector("[data-line-amount]");
      if (shown) shown.textContent = money(cents);
      sum += cents;
    });
    sum += Math.round(number(form.querySelector("[data-tax]")) * 100);
    form.querySelectorAll("[data-sum]").forEach((place) => (place.textContent = money(sum)));
    const whole = form.querySelector("[data-payment-amount]");
    const rest = form.querySelector("[data-rest]");
    if (whole && rest) rest.textContent = money(Math.round(number(whole) * 100) - sum);
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-recount]");
    if (form) recount(form);
  });
  document.addEventListener("change", (event) => {
    const service = event.target.closest("select[data-service]");
    if (!service) return;
    const row = service.closest("[data-row]");
    const rate = row.querySelector("[data-rate]");
    const { proposedRate, proposedTaxable } = service.selectedOptions[0].dataset;
    if (proposedRate && !number(rate)) rate.value = proposedRate;
    if (proposedRate) row.querySelector("[data-taxable]").checked = proposedTaxable !== undefined;
    recount(service.closest("form"));
  });
  document.querySelectorAll("form[data-recount]").forEach(recount);
  document.addEventListener("click", (event) => {
    const allocate = event.target.closest("[data-allocate]");
    if (!allocate) return;
    const form = allocate.closest("form");
    let left = Math.round(number(form.querySelector("[data-payment-amount]")) * 100);
    form.querySelectorAll("[data-row][data-left]").forEach((row) => {
      const part = Math.min(left, Math.round(Number(row.dataset.left) * 100));
      row.querySelector("[data-allocation]").value = part > 0 ? (part / 100).toFixed(2) : "";
      left -= part;
    });
    recount(form);
  });

  // --- What refreshes itself waits while a menu in it is open: the choice must not vanish under the pointer ----------

  const refreshesUnderAnOpenMenu = (event) => {
    const part = event.detail.elt;
    return /^every /.test(part.getAttribute("hx-trigger") || "") && part.querySelector(".dropdown-menu.show");
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (refreshesUnderAnOpenMenu(event)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const request = event.detail.requestConfig;
    if (request && refreshesUnderAnOpenMenu({ detail: request })) event.detail.shouldSwap = false;
  });

  // --- Tables wider than the screen can be scrolled by keyboard -------------------------------------------------------

  const markWide = () =>
    document.querySelectorAll(".table-frame").forEach((frame) => {
      if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
      else frame.removeAttribute("tabindex");
    });
  document.addEventListener("htmx:afterSettle", markWide);
  window.addEventListener("resize", markWide, { passive: true });
  markWide();

  // --- The demonstration's sign-ins fill the form --------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const demo = event.target.closest("[data-fill-email]");
    if (!demo) return;
    document.getElementById("id_login").value = demo.dataset.fillEmail;
    document.getElementById("id_password").value = demo.dataset.fillPassword;
    document.querySelector("form [type=submit]").focus();
  });

  // --- Filters: what is not asked for stays out of the address ------------------------------------------------------

  document.addEventListener("htmx:configRequest", (event) => {
    const asks = event.detail.elt;
    if (asks.id !== "filters" && !(asks.form && asks.form.id === "filters")) return;
    for (const [name, value] of [...event.detail.formData.entries()]) {
      if (value === "") event.detail.formData.delete(name);
    }
  });
})();
