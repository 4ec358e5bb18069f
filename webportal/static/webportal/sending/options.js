// How films are sent: class, dry run, age, site and name. Where an interrupted sending is offered they are its own.
export function lock(form, { site, priority, name, age_group: age, dry_run: dry }) {
  form.elements.site.value = site;
  form.elements.name.value = name;
  form.elements.age_group.value = age;
  form.querySelector(`[name=priority][data-label="${priority}"]`).checked = true;
  form.querySelector(`[name=dry_run][value="${dry ? "yes" : ""}"]`).checked = true;
  turn(form, true);
}

export function unlock(form) {
  form.reset();
  turn(form, false);
}

// A browser may remember over a reload what was locked before it.
export function turn(form, locked) {
  for (const each of form.querySelectorAll("#options input, #options select")) each.disabled = locked;
  form.querySelector("#locked").hidden = !locked;
}
