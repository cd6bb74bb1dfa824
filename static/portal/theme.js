// Follows the system's light or dark scheme before the page is painted; loaded in <head> without defer for that reason.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  root.classList.add("js");
  dark.addEventListener("change", apply);
  apply();
})();
