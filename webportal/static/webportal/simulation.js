// A slider beside each number: they move together. Without this file the numbers and the button do.
(() => {
  document.querySelectorAll("input[type=range][data-for]").forEach((range) => {
    const number = document.getElementById(range.dataset.for);
    range.hidden = false;
    range.addEventListener("input", () => { number.value = range.value; });
    number.addEventListener("input", () => { range.value = number.value; });
  });
  // "Busy" is an answer to be read, too.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status !== 429) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
})();
