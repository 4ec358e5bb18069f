// The films of the study that probably comes next, fetched into the browser's cache while nothing else is done.
const idle = window.requestIdleCallback || ((work) => setTimeout(work, 500));

export function fetchAhead(address) {
  idle(async () => {
    try {
      const { films, pass } = await (await fetch(address)).json();
      for (const film of films) {
        const answer = await fetch(film, { headers: { "FirstRead-Ahead": pass }, priority: "low" });
        await answer.arrayBuffer(); // the cache keeps only what was read to its end
      }
      performance.mark("ahead");
    } catch {
      // A guess that cannot be fetched costs nothing: the next study loads when it is opened.
    }
  });
}
