// Cancelling asks first: what was not sent will not be, and the batch is cancelled only when the user says so.
import { ask } from "./requests.js";
import { plural } from "./words.js";

const DONE = { cancel: "The batch was cancelled.", discard: "The dry run was discarded: nothing is stored." };

export function stopping({ button, dialog, sender, batch, batches, arrived, closed }) {
  const danger = dialog.querySelector("[value=cancel]");
  button.addEventListener("click", () => {
    const rest = plural(sender.left + sender.failed.size, "file was", "files were");
    const here = plural(arrived(), "file has", "files have");
    const fate = batch.trial ? "can still be taken or discarded" : "stay stored";
    dialog.querySelector("p").textContent = `${rest} not sent yet, and will not be. ${here} arrived and ${fate}.`;
    danger.textContent = batch.trial ? danger.dataset.trial : danger.dataset.sending;
    danger.hidden = !batch.id;
  });
  dialog.addEventListener("close", async () => {
    const wish = dialog.returnValue;
    dialog.returnValue = "";
    if (!wish) return;
    closed("The sending was stopped.", wish === "cancel");
    sender.stop();
    if (wish !== "cancel" || !batch.id) return;
    const act = batch.trial ? "discard" : "cancel";
    const answer = await ask(`${batches}/${batch.id}/${act}`, { method: "POST", json: {} });
    const done = answer.status === 200, failed = answer.body?.error?.sentence || "It could not be cancelled: try it on the batch page.";
    closed(done ? DONE[act] : failed, done);
  });
}
