// Choosing: files, a folder, or what is dropped anywhere on the page. A folder is read whole before anything is sent,
// since a manifest in it goes first.
const AT_ONCE = 64;

// `chosen([{path, file}])`: file is null where it could not be read. `counted(n)`: a folder is being read.
export function choosing({ drop, inputs, chosen, counted }) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      chosen([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      input.value = "";
    });
  }
  let depth = 0; // dragenter and dragleave come for every child as well
  window.addEventListener("dragenter", () => { depth += 1; drop.classList.add("over"); });
  window.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) drop.classList.remove("over"); });
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", async (event) => {
    event.preventDefault();
    depth = 0;
    drop.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const loose = [...event.dataTransfer.files];
    chosen(entries.length ? await walk(entries, counted) : loose.map((file) => ({ file, path: file.name })));
  });
}

async function walk(entries, counted) {
  const found = [], folders = [];
  const take = async (entry) => {
    if (entry.isDirectory) return folders.push(entry);
    const file = await new Promise((done) => entry.file(done, () => done(null)));
    return found.push({ file, path: entry.fullPath.replace(/^\//, "") });
  };
  await all(entries, take);
  while (folders.length) {
    const folder = folders.shift(), reader = folder.createReader();
    const next = () => new Promise((done) => reader.readEntries(done, () => done(null)));
    // A folder is read in portions of about 100.
    for (let portion = await next(); portion?.length !== 0; portion = await next()) {
      if (!portion) { found.push({ file: null, path: folder.fullPath.replace(/^\//, "") }); break; }
      await all(portion, take);
      counted(found.length);
    }
  }
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}

async function all(entries, take) {
  for (let from = 0; from < entries.length; from += AT_ONCE) await Promise.all(entries.slice(from, from + AT_ONCE).map(take));
}
