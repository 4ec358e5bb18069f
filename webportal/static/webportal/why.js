// Why the AI was overruled, by keys: y opens the reasons, a digit chooses one of them.
(() => {
  document.addEventListener("keydown", (event) => {
    const why = document.querySelector("details.why");
    if (!why || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "y" && !window.firstread.typing(event)) {
      why.open = true;
      why.querySelector("button").focus();
    } else if (why.contains(document.activeElement)) {
      if (event.key === "Escape") { why.open = false; document.activeElement.blur(); }
      else if (why.querySelectorAll("button")[event.key - 1]) why.querySelectorAll("button")[event.key - 1].click();
      else return;
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // on the reading page a digit is a finding
  }, { capture: true });
})();
