// A page that was asked for to be printed is printed at once.
window.addEventListener("load", () => window.print());
