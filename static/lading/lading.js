/* Lading's one script. The pages work without it: it keeps them fresh, and puts times into the viewer's zone. */
"use strict";

(() => {
  const onEach = (root, selector, act) => {
    if (root.matches?.(selector)) act(root);
    root.querySelectorAll?.(selector).forEach(act);
  };

  /* ---- Polling
     An element with an id, hx-get, hx-trigger="poll" and data-poll="3" is asked for every three seconds. It ends when
     the answer has no data-poll. Nobody looks at a hidden tab, and a server in trouble needs rest: both slow it down. */

  const HIDDEN_SECONDS = 30;
  const SLOWEST_SECONDS = 60;
  const PATIENCE_SECONDS = 20;
  const timers = new Map();
  let faults = 0;
  let lostSince = null;
  let nextTry = 0;

  const secondsTo = (element) => {
    const wanted = Number(element.dataset.poll);
    const seen = document.hidden ? Math.max(wanted, HIDDEN_SECONDS) : wanted;
    return faults ? Math.max(Math.min(seen * 2 ** faults, SLOWEST_SECONDS), nextTry) : seen;
  };

  const ask = (id) => {
    const element = document.getElementById(id);
    if (element?.dataset.poll) htmx.trigger(element, "poll");
    else timers.delete(id);
  };

  const plan = (element) => {
    clearTimeout(timers.get(element.id));
    timers.delete(element.id);
    if (element.isConnected && element.dataset.poll) {
      timers.set(element.id, setTimeout(ask, secondsTo(element) * 1000, element.id));
    }
  };

  const askAll = () => [...timers.keys()].forEach(ask);

  /* What is wrong with what somebody did last, and with the polling: one banner tells the one, else the other. */
  const wrong = { act: null, poll: null };

  const tell = (source, trouble) => {
    wrong[source] = trouble;
    const told = wrong.act ?? wrong.poll;
    const banner = document.getElementById("lost");
    if (!banner) return;
    if (told) banner.querySelector("p").textContent = told.text;
    banner.querySelector("a").hidden = !told?.isLoggedOut;
    banner.querySelector("button").hidden = !told?.canAsk;
    banner.hidden = !told;
  };

  const lost = (status, seconds) => {
    if (status === 401) {
      return { text: "You are logged out. What you typed stays on this page, which may be old.", canAsk: true, isLoggedOut: true };
    }
    const why = status === 429 ? "Too many requests came from here." : `No answer from the server since ${lostSince}.`;
    return { text: `${why} What you see may be old; next try in ${seconds} s.`, canAsk: true };
  };

  const waitOf = (xhr) => Number(xhr.status && xhr.getResponseHeader("Retry-After")) || 0;

  const heard = (id, xhr) => {
    const element = document.getElementById(id);
    if (xhr.status >= 400 && xhr.status < 500 && ![401, 429].includes(xhr.status)) {
      clearTimeout(timers.get(id));
      timers.delete(id);
      tell("poll", { text: "This page is not there any more, or no longer for you. Load it again to see why." });
      return;
    }
    if (xhr.status && xhr.status < 400) {
      faults = 0;
      lostSince = null;
      tell("poll", null);
      if (wrong.act?.isLoggedOut) tell("act", null);
    } else {
      faults += 1;
      nextTry = waitOf(xhr);
      lostSince ??= clock(new Date(), false);
      tell("poll", lost(xhr.status, element ? Math.round(secondsTo(element)) : SLOWEST_SECONDS));
    }
    if (element) plan(element);
  };

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.dataset.poll) event.detail.timeout = PATIENCE_SECONDS * 1000;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { requestConfig, xhr } = event.detail;
    const { elt } = requestConfig; // what asked: after a swap the event comes from its parent
    renew(xhr.status && xhr.getResponseHeader("X-CSRFToken"));
    if (elt.dataset.poll) heard(elt.id, xhr);
    else if (event.detail.successful) tell("act", null);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) [...timers.keys()].map((id) => document.getElementById(id)).filter(Boolean).forEach(plan);
    else askAll();
  });

  /* ---- What somebody did, and what did not come of it */

  const renew = (token) => {
    if (token) onEach(document, '[name="csrfmiddlewaretoken"]', (field) => { field.value = token; });
  };

  const refused = (xhr) => {
    const { status } = xhr;
    if (!status) return { text: "The server did not answer. Try again." };
    if (status === 401) {
      return { text: "You are logged out. What you typed stays on this page: log in, come back, and try again.", isLoggedOut: true };
    }
    if (status === 429) return { text: `Too many requests came from here. Try again in ${waitOf(xhr) || "a few"} s.` };
    if (status === 403 && xhr.getResponseHeader("X-CSRFToken")) {
      return { text: "The form had expired, since you have logged in again. It is fresh now: try once more." };
    }
    if (status < 500) return { text: `The server refused that (${status}). Load the page again to see why.` };
    return { text: `The server could not do that now (${status}). Try again.` };
  };

  const operationShown = () => {
    const shown = document.querySelector('[name="parameters_of"]');
    return shown && document.querySelector(`input[type="radio"][name="operation"][value="${CSS.escape(shown.value)}"]`);
  };

  const putBack = (radio) => {
    const shown = operationShown();
    if (!shown) return;
    shown.checked = true;
    if (document.activeElement === radio) shown.focus();
  };

  const failed = (event) => {
    const { elt } = event.detail.requestConfig;
    if (elt.dataset.poll) return;
    tell("act", refused(event.detail.xhr));
    if (elt.matches('input[type="radio"][name="operation"]')) putBack(elt);
  };

  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, failed));

  /* A browser that goes back ticks what was ticked, over the parameters that the page came with. */
  window.addEventListener("pageshow", () => {
    const ticked = document.querySelector('input[type="radio"][name="operation"]:checked');
    if (ticked && operationShown() && ticked !== operationShown()) htmx.trigger(ticked, "change");
  });

  /* ---- Times
     The server writes UTC. Here it becomes the viewer's zone, with the exact UTC on hover. */

  const two = (number) => String(number).padStart(2, "0");
  const clock = (at, short) => `${two(at.getHours())}:${two(at.getMinutes())}${short ? "" : `:${two(at.getSeconds())}`}`;
  const day = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  const localise = (time) => {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) return;
    time.textContent = `${day(at)} ${clock(at, time.dataset.time === "short")}`;
    time.title = `${time.title} (shown here in ${zone})`;
    time.removeAttribute("data-time");
  };

  /* ---- Copying */

  const copied = (button, told = "Copied") => {
    const label = button.querySelector("span");
    const before = label.dataset.before ??= label.textContent;
    const said = document.getElementById("said");
    label.textContent = said.textContent = told;
    button.classList.add("is-done");
    setTimeout(() => {
      label.textContent = before;
      said.textContent = "";
      button.classList.remove("is-done");
    }, 1500);
  };

  const copyOldWay = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };

  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      copied(button);
    } catch {
      copied(button, copyOldWay(text) ? "Copied" : "Could not copy");
      button.focus();
    }
  };

  /* ---- Forms */

  const checkAll = (box) => {
    box.form?.querySelectorAll(`input[name="${box.dataset.checkAll}"]`).forEach((other) => {
      other.checked = box.checked;
    });
  };

  let chosenBefore = 0;

  const tellChosen = () => {
    const chosen = document.querySelectorAll('#choose [name="ids"]:checked').length;
    if (chosen === chosenBefore) return;
    chosenBefore = chosen;
    document.getElementById("said").textContent = `${chosen || "No"} ${chosen === 1 ? "job" : "jobs"} chosen.`;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(button);
    if (event.target.closest?.("[data-ask-now]")) askAll();
  });
  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.dataset.checkAll) checkAll(target);
    tellChosen();
  });
  document.addEventListener("reset", () => setTimeout(tellChosen));
  document.addEventListener("htmx:afterSettle", tellChosen);

  /* ---- What was opened or closed stays so when the server sends it anew */

  const folded = new Map();
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (target.isConnected && target.id) folded.set(target.id, target.open);
    },
    true,
  );

  /* ---- So does the place to which something was scrolled. Of the tabs the current one is seen at first. */

  const places = new Map();
  document.addEventListener(
    "scroll",
    ({ target }) => {
      if (target.id) places.set(target.id, { left: target.scrollLeft, top: target.scrollTop });
    },
    true,
  );

  const scroll = (element) => {
    const current = element.querySelector(":scope > [aria-current]");
    if (places.has(element.id)) element.scrollTo(places.get(element.id));
    else if (current) element.scrollLeft = current.offsetLeft - element.offsetLeft - element.clientWidth / 2;
  };

  /* ---- What somebody is filling in is not taken away: the page says that there is something new */

  const isBusy = (element) => {
    const at = document.activeElement;
    const fields = [...element.querySelectorAll("input:not([type=hidden]), select, textarea")];
    const isChanged = (field) => "defaultValue" in field && field.value !== field.defaultValue;
    const isRefused = element.querySelector("[open] .is-wrong");
    return (element.contains(at) && at.closest("details[open], form")) || isRefused || fields.some(isChanged);
  };

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    if (target.id !== "actions") return;
    const isKept = isBusy(target);
    event.detail.shouldSwap = !isKept;
    document.getElementById("moved").hidden = !isKept;
  });

  /* ---- Whatever comes onto the page, now and later */

  const receive = (root) => {
    onEach(root, "time[data-time]", localise);
    onEach(root, "details[id]", (details) => {
      details.open = folded.get(details.id) ?? details.open;
    });
    onEach(root, ".tabs, .scroll[id]", scroll);
    onEach(root, "[data-poll]", plan);
    onEach(root, "[data-focus]", (element) => element.focus({ preventScroll: true }));
  };

  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) addedNodes.forEach((node) => node.nodeType === 1 && receive(node));
  }).observe(document.documentElement, { childList: true, subtree: true });
  receive(document);
})();
