// The list of second reads: its keys.
(() => {
  const rows = () => [...document.querySelectorAll("#rows tbody tr")];
  function step(by) {
    const all = rows();
    const row = all[Math.min(Math.max(all.indexOf(document.activeElement.closest("tr")) + by, 0), all.length - 1)];
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }
  const keys = {
    n: () => document.getElementById("next")?.requestSubmit(),
    j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    Enter: () => document.activeElement.querySelector(".do button, .do a").click(),
  };
  document.addEventListener("keydown", (event) => {
    if (window.firstread.typing(event) || !keys[event.key]) return;
    if (event.key === "Enter" && !document.activeElement.matches("#rows tr")) return;
    event.preventDefault();
    keys[event.key]();
  });
})();
