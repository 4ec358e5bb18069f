// Runs before the first paint: dark unless the reader chose otherwise; "system" follows the device.
(() => {
  const light = matchMedia("(prefers-color-scheme: light)");
  const chosen = () => localStorage.getItem("theme") || "dark";
  const show = () => {
    const theme = chosen();
    document.documentElement.dataset.theme = theme === "system" ? (light.matches ? "light" : "dark") : theme;
    document.querySelectorAll("[data-choose-theme]").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.chooseTheme === theme)));
  };
  show();
  light.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose-theme]");
    if (!button) return;
    localStorage.setItem("theme", button.dataset.chooseTheme);
    show();
  });
})();
