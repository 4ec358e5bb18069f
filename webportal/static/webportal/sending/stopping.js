// Cancelling asks first: what was not sent will not be, and the batch is cancelled only when the user says so.
import { ask } from "./requests.js";
import { fill, number } from "./words.js";

const DONE = { cancel: gettext("The batch was cancelled."), discard: gettext("The dry run was discarded: nothing is stored.") };

export function stopping({ button, dialog, sender, batch, batches, arrived, closed }) {
  const danger = dialog.querySelector("[value=cancel]");
  button.addEventListener("click", () => {
    const left = sender.left + sender.failed.size, here = arrived();
    const rest = ngettext("%(n)s file was not sent yet, and will not be.", "%(n)s files were not sent yet, and will not be.", left);
    const fate = batch.trial
      ? ngettext("%(n)s file has arrived and can still be taken or discarded.", "%(n)s files have arrived and can still be taken or discarded.", here)
      : ngettext("%(n)s file has arrived and stays stored.", "%(n)s files have arrived and stay stored.", here);
    dialog.querySelector("p").textContent = `${fill(rest, { n: number(left) })} ${fill(fate, { n: number(here) })}`;
    danger.textContent = batch.trial ? danger.dataset.trial : danger.dataset.sending;
    danger.hidden = !batch.id;
  });
  dialog.addEventListener("close", async () => {
    const wish = dialog.returnValue;
    dialog.returnValue = "";
    if (!wish) return;
    closed(gettext("The sending was stopped."), wish === "cancel");
    sender.stop();
    if (wish !== "cancel" || !batch.id) return;
    const act = batch.trial ? "discard" : "cancel";
    const answer = await ask(`${batches}/${batch.id}/${act}`, { method: "POST", json: {} });
    const done = answer.status === 200, failed = answer.body?.error?.sentence || gettext("It could not be cancelled: try it on the batch page.");
    closed(done ? DONE[act] : failed, done);
  });
}
