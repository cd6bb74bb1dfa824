// Keeps the log current: asks for the rows again every second while the page is visible.
const body = document.querySelector("[data-log]");
if (body) {
  const address = new URL(window.location.href);
  address.searchParams.set("rows", "1");
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(address);
      if (answer.ok) body.innerHTML = await answer.text();
    } catch {
      // The simulator is being restarted; the next turn tries again.
    }
  }, 1000);
}
