// What a reload must not forget: which batch was being sent, and how far it was. No names, nothing of a patient's.
const PREFIX = "firstread.sending.";
const LIVES_MS = 24 * 3600 * 1000, ALIVE_MS = 8000;

// {user, at, total, answered, seen}; `seen` rises while a tab is at it.
export function remember(batch, sending, seen = Date.now()) {
  try { localStorage.setItem(PREFIX + batch, JSON.stringify({ ...sending, seen })); } catch { /* private mode */ }
}

export function forget(batch) {
  try { localStorage.removeItem(PREFIX + batch); } catch { /* private mode */ }
}

// The latest sending of this user's that no tab is at, with its batch; null where there is none.
export function interrupted(user) {
  let names = [];
  try { names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)); } catch { /* private mode */ }
  const found = names.map((name) => ({ ...read(name), batch: name.slice(PREFIX.length) }));
  for (const old of found) if (!(Date.now() - old.at < LIVES_MS)) forget(old.batch);
  const mine = found.filter((each) => each.user === user && Date.now() - each.at < LIVES_MS && Date.now() - each.seen > ALIVE_MS);
  return mine.sort((one, other) => other.at - one.at)[0] || null;
}

function read(name) {
  try { return JSON.parse(localStorage.getItem(name)); } catch { return null; }
}
