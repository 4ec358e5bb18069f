// What every page does: times in the reader's own zone, menus that close, messages that go, and a word when offline.
(() => {
  // Where the catalogue did not come, scripts speak English rather than not at all.
  window.gettext ??= (text) => text;
  window.ngettext ??= (one, many, count) => (count === 1 ? one : many);
  window.pgettext ??= (context, text) => text;
  window.interpolate ??= (text, named) => text.replace(/%\((\w+)\)s/g, (whole, name) => String(named[name]));

  const language = document.documentElement.lang;
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
  const dayNumber = (instant) => Math.floor((instant - instant.getTimezoneOffset() * 60000) / 86400000);

  function words(instant) {
    const ahead = dayNumber(instant) - dayNumber(new Date());
    if (ahead === 0) return clock.format(instant);
    const time = clock.format(instant);
    if (ahead === 1) return interpolate(gettext("tomorrow %(time)s"), { time }, true);
    if (ahead === -1) return interpolate(gettext("yesterday %(time)s"), { time }, true);
    return `${(Math.abs(ahead) < 180 ? day : date).format(instant)}, ${time}`;
  }

  function localise(root) {
    root.querySelectorAll?.("time[data-clock]").forEach((time) => {
      const instant = new Date(time.dateTime);
      time.textContent = words(instant);
      time.title = instant.toLocaleString(language);
    });
  }

  // Keys belong to the page only while nobody writes and no dialog is open.
  window.firstread = {
    localise,
    // A login in another tab changes the session's token, so it is read anew each time. With TLS its cookie has a prefix.
    token: () => /(?:^|; )(?:__Host-)?csrftoken=([^;]+)/.exec(document.cookie)?.[1]
      ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "",
    typing: (event) => event.ctrlKey || event.metaKey || event.altKey || Boolean(document.querySelector("dialog[open]"))
      || Boolean(event.target.closest?.("input:not([type=radio], [type=checkbox], [type=range]), textarea, select")),
  };

  document.addEventListener("DOMContentLoaded", () => {
    localise(document);
    if (location.hash.length > 1) document.querySelector(`input${location.hash}`)?.focus();
  });
  document.addEventListener("htmx:load", (event) => localise(event.detail.elt.parentElement || document));

  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
    if (event.target.closest(".messages .close")) event.target.closest("li").remove();
    if (event.target.closest("#told .close")) event.target.closest("p").remove();
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); event.stopImmediatePropagation(); return; }
    if (event.key === "?" && !window.firstread.typing(event)) document.getElementById("help")?.showModal();
  });

  // A form is sent once: a key pressed twice claims one study, not two.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    const token = form.querySelector("[name=csrfmiddlewaretoken]");
    if (token) token.value = window.firstread.token();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  });

  // What a page asks for by itself says so: it keeps nobody logged in.
  document.addEventListener("htmx:configRequest", (event) => {
    const { formData, headers, triggeringEvent, verb } = event.detail;
    if (verb !== "get") headers["X-CSRFToken"] = window.firstread.token();
    formData.delete("csrfmiddlewaretoken"); // of the page's own time, and it would come before the header
    if (!triggeringEvent) headers["FirstRead-By-Itself"] = "yes";
  });

  // A request that fails says so, once, and takes it back when the next one succeeds; what was to be kept and was
  // refused stands there until something is kept.
  let refused = false;
  function say(words, link) {
    const line = document.querySelector(".offline");
    if (!line.hidden && line.dataset.words === words) return;
    line.dataset.words = words;
    line.replaceChildren(words);
    if (link) line.append(" ", link);
    line.hidden = false;
  }
  document.addEventListener("htmx:sendError", () => {
    if (!document.querySelector(".offline").hidden) return;
    say(interpolate(gettext("No connection to FirstRead since %(time)s; trying again."), { time: clock.format(new Date()) }, true));
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr: { status }, requestConfig: { verb } } = event.detail;
    if (status === 401) {
      const login = Object.assign(document.createElement("a"), { href: "/login/", target: "_blank", textContent: gettext("Log in, in a new tab") });
      say(gettext("You are logged out. What you have typed is still here, and nothing more of it is kept until you log in again."), login);
    } else if (status >= 500) say(gettext("FirstRead could not answer just now; trying again."));
    else if (verb !== "get") {
      refused = true;
      say(gettext("This was not kept: FirstRead refused it. Copy what you have typed, then load the page again."));
    }
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.xhr.status >= 400) return;
    if (event.detail.requestConfig.verb !== "get") refused = false;
    if (!refused) document.querySelector(".offline").hidden = true;
  });
})();
