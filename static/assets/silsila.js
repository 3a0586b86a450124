// Keys, the theme, search as you type, and what is new while a page is open. Everything works without them.
const root = document.documentElement;
const main = document.getElementById("main");
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// Keys.
// The item that keys act on: on the review list one is marked from the start.
let here = document.querySelector(".item.here");

function stand(item) {
  here?.classList.remove("here");
  const says = here?.getAttribute("aria-current");
  here?.removeAttribute("aria-current");
  here = item;
  here.classList.add("here");
  if (says) here.setAttribute("aria-current", says);
}

function go(step) {
  const items = [...document.querySelectorAll(".item")];
  if (!items.length) return;
  const at = items.indexOf(here);
  stand(items[Math.max(0, Math.min(items.length - 1, at + step))]);
  here.querySelector("a, summary")?.focus({ preventScroll: true });
  here.scrollIntoView({ block: "nearest" });
}

// Where a row is decided by keys, the keys are of the row that holds the focus; after a decision that is the next one.
if (here) {
  document.addEventListener("focusin", (event) => {
    const item = event.target.closest(".item");
    if (item && item !== here) stand(item);
  });
  const notice = document.querySelector(".stays");
  if (notice) {
    // However many lines it has, it hides no row.
    root.style.scrollPaddingBlockStart = `${notice.offsetHeight + 12}px`;
    const hold = () => {
      if (document.activeElement === document.body) here.querySelector("a, summary")?.focus({ preventScroll: true });
      here.scrollIntoView({ block: "start" });
    };
    hold();
    // The place that the address names takes the focus away while the page comes up.
    addEventListener("load", () => setTimeout(hold));
  }
}

// The letter on the key where the layout has no Latin letters (an Arabic one), else the letter typed.
export function keyOf(event) {
  if (/^[\x21-\x7e]$/.test(event.key)) return event.key;
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  if (event.code === "Period") return ".";
  return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
}

// Keys of one letter can be switched off: they get in the way of who speaks to the machine.
const letters = document.getElementById("letters");
if (letters) {
  const kept = () => { try { return localStorage.getItem("keys"); } catch { return null; } };
  letters.checked = kept() !== "off";
  const apply = () => { root.dataset.keys = letters.checked ? "on" : "off"; };
  letters.addEventListener("change", () => { apply(); try { localStorage.setItem("keys", root.dataset.keys); } catch { /* Holds for this page. */ } });
  apply();
}

const help = document.getElementById("help");
document.getElementById("help-button")?.addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (help.open || root.dataset.keys === "off") return;
  const up = document.querySelector("[data-up]") ?? document.querySelector(".path a");
  switch (keyOf(event)) {
    case "j": go(1); break;
    case "k": go(-1); break;
    case "/": event.preventDefault(); document.getElementById("search").focus(); break;
    case "u": up?.click(); break;
    case "s": document.getElementById("seen")?.click(); break;
    case ".": document.querySelector("#bar button")?.click(); break;
    case "?": help.showModal(); break;
  }
});

// Without scripts the switch goes round system, dark, light; here it always offers what is not shown now.
const theme = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
function offer() {
  const now = root.dataset.theme;
  const dark = now === "system" ? system.matches : now === "dark";
  const address = new URL(theme.href);
  address.searchParams.set("theme", dark ? "light" : "dark");
  theme.href = address.search;
  theme.textContent = dark ? theme.dataset.light : theme.dataset.dark;
}
if (theme) { offer(); system.addEventListener("change", offer); }

// A number of things, in the words and the plural form of the page's language.
const bar = document.getElementById("bar");
const forms = JSON.parse(bar?.dataset.forms ?? "{}");
const plural = new Intl.PluralRules(root.lang);
const counted = (thing, number) => forms[thing][plural.select(number)].replace("{}", number.toLocaleString("en"));

// Search as you type: the box is a combobox over a list of links.
const box = document.getElementById("search");
const found = make("div", { id: "found", hidden: true });
let asked = null, wait = 0, chosen = -1;

function options() { return [...found.querySelectorAll("[role=option]")]; }
function choose(step) {
  const all = options();
  if (!all.length) return;
  all[chosen]?.setAttribute("aria-selected", "false");
  chosen = (chosen + step + all.length + (chosen < 0 && step < 0 ? 1 : 0)) % all.length;
  all[chosen].setAttribute("aria-selected", "true");
  all[chosen].scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", all[chosen].id);
}
function close() {
  found.hidden = true; chosen = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}
function option(address, title, lang, more) {
  const name = make("bdi", { lang: lang === "und" ? "" : lang, textContent: title });
  const one = make("div", { id: `found-${options().length}` }, name);
  if (more) one.append(" ", make("small", { textContent: more }));
  one.dataset.address = address;
  one.setAttribute("role", "option");
  one.setAttribute("aria-selected", "false");
  return one;
}
function group(name, rows) {
  if (!rows.length) return;
  const id = `found-group-${found.children.length}`;
  const whole = make("div", {}, make("div", { id, className: "kind", textContent: name }));
  whole.setAttribute("role", "group");
  whole.setAttribute("aria-labelledby", id);
  found.append(whole);
  for (const [address, title, lang, more] of rows) whole.append(option(address, title, lang, more));
}
async function look() {
  asked?.abort();
  const words = box.value.trim();
  if ([...words].length < 2) { close(); return; }
  asked = new AbortController();
  // The last word may go on.
  const q = encodeURIComponent(/[*\s]$/.test(box.value) ? words : `${words}*`);
  const ask = async (path) => {
    const answer = await fetch(path, { signal: asked.signal, headers: { accept: "application/json" } });
    return answer.ok ? (await answer.json()).items : [];
  };
  try {
    const [stories, articles] = await Promise.all([
      ask(`/v1/stories?q=${q}&per_page=5&title_lang=${root.lang}`), ask(`/v1/search?q=${q}&per_page=6`)]);
    const typed = document.getElementById("typed");
    found.replaceChildren();
    group(box.dataset.stories, stories.map((one) => [`/stories/${encodeURIComponent(one.id)}`, one.title, one.title_lang, ""]));
    group(box.dataset.articles, articles.map((one) => [`/articles/${encodeURIComponent(one.article_id)}`, one.title || one.snippet, one.lang, one.source ?? ""]));
    if (articles.length) found.append(option(`/search?q=${q}`, box.dataset.all, root.lang, ""));
    else if (!stories.length) found.append(make("div", { className: "kind", textContent: box.dataset.none }));
    typed.textContent = stories.length + articles.length ? counted("found", stories.length + articles.length) : box.dataset.none;
    chosen = -1;
    found.hidden = false;
    box.setAttribute("aria-expanded", "true");
  } catch (error) { if (error.name !== "AbortError") close(); }
}
if (box) {
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", "found"], ["aria-autocomplete", "list"]]) box.setAttribute(name, value);
  found.setAttribute("role", "listbox");
  found.setAttribute("aria-label", box.getAttribute("aria-label"));
  box.after(found);
  box.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(look, 180); });
  box.addEventListener("keydown", (event) => {
    if (found.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(event.key === "ArrowDown" ? 1 : -1); }
    else if (event.key === "Escape") { event.preventDefault(); close(); }
    else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); location.assign(options()[chosen].dataset.address); }
  });
  box.addEventListener("blur", () => setTimeout(close, 150));
  found.addEventListener("mousedown", (event) => {
    const address = event.target.closest("[data-address]")?.dataset.address;
    if (address) { event.preventDefault(); location.assign(address); }
  });
}

// What happens while the page is open. It is counted in a bar and in the title; the page itself stays as it is until its
// reader asks.
const story = main.dataset.story;
const title = document.title;
let last = Number(main.dataset.change), stream = null, again = 0, rest = 0, poll = 0, pause = 2;
let news = null;
// Seconds: a hidden page holds no stream (browsers open six connections to a host), asks now and then, and at last rests.
const HIDDEN = 15, ASK = 60, ASKS = 60;
// Milliseconds between what the bar says.
const SAY = 3000;

function nothing() { news = { articles: new Set(), stories: 0, merged: 0, split: 0, renamed: 0, other: 0, into: null }; }
function sum() { return news.articles.size + news.stories + news.merged + news.split + news.renamed + news.other; }

function note(change) {
  if (change.number <= last) return;
  last = change.number;
  if (story && change.story_id !== story && change.detail?.into !== story) return;
  const plain = Object.keys(change.detail ?? {}).length === 0;
  switch (change.kind) {
    case "article_joined": plain ? news.articles.add(change.article_id) : news.other++; break;
    case "story_created": if (!story) news.stories++; break;
    case "merged": if (change.story_id === story) news.into = change.detail.into; else news.merged++; break;
    // A story that goes on by itself again is cut off from the one that it went up in.
    case "split": if (story && change.detail.into === story) { news.into = null; news.other++; } else news.split++; break;
    case "renamed": news.renamed++; break;
    default: news.other++;
  }
  // Said soon the first time, then now and then: a busy hour must not be a busy bar.
  note.soon ||= setTimeout(() => { note.soon = 0; say(); }, bar.querySelector("button") || main.dataset.filtered !== undefined ? SAY : 250);
}

// On a list that leaves stories out: how many of its own have changed, come or gone. Asked of the page itself.
async function changedHere() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return 0;
  const versions = (page) => new Map([...page.querySelectorAll("[data-live] [data-id]")].map((row) => [row.dataset.id, row.dataset.version]));
  const [before, after] = [versions(document), versions(new DOMParser().parseFromString(await answer.text(), "text/html"))];
  return [...new Set([...before.keys(), ...after.keys()])].filter((id) => before.get(id) !== after.get(id)).length;
}

// The bar; what only touches what is not on a list of stories is not worth a word there.
async function say() {
  if (main.dataset.filtered !== undefined) {
    const number = await changedHere();
    bar.dataset.asked = Number(bar.dataset.asked ?? 0) + 1;
    if (number) tell(number, counted("changed", number));
    return;
  }
  const things = ["stories", "merged", "split", "renamed"].filter((thing) => news[thing]).map((thing) => counted(thing, news[thing]));
  if (news.articles.size) things.unshift(counted("articles", news.articles.size));
  if (!things.length && story && news.other) things.push(bar.dataset.other);
  const number = sum() - (story ? 0 : news.other);
  if (news.into) { document.title = `(${number}) ${title}`; await merged(news.into); return; }
  tell(number, things.join(bar.dataset.comma));
}
function tell(number, said) {
  document.title = number ? `(${number}) ${title}` : title;
  if (!said) return;
  const button = make("button", { type: "button" }, bar.dataset.show, " ", make("kbd", { textContent: "." }));
  button.addEventListener("click", show);
  const shown = bar.querySelector("p");
  if (shown && bar.querySelector("button")) shown.textContent = said;
  else bar.replaceChildren(make("div", {}, make("p", { textContent: said }), button));
}

// The story that is shown went on in another one.
async function merged(into) {
  let name = into, lang = "";
  try {
    const answer = await fetch(`/v1/stories/${encodeURIComponent(into)}?title_lang=${root.lang}`);
    if (answer.ok) ({ title: name, title_lang: lang } = await answer.json());
  } catch { /* Its id will do. */ }
  const [before, behind] = bar.dataset.merged.split("{story}");
  const link = make("a", { href: `/stories/${encodeURIComponent(into)}` }, make("bdi", { lang, textContent: name }));
  bar.replaceChildren(make("div", {}, make("p", {}, before, link, behind ?? "")));
}

// Fetches the page anew and puts its parts in place; what the reader looks at and the focus stay where they are.
async function show() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) { location.reload(); return; }
  if (answer.redirected) { location.assign(answer.url); return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const top = () => [...document.querySelectorAll("[data-live] [data-id]")].find((one) => one.getBoundingClientRect().bottom > 0);
  const anchor = scrollY > 0 ? top() : null;
  const place = anchor && { id: anchor.dataset.id, at: anchor.getBoundingClientRect().top };
  const focused = document.activeElement;
  const kept = { live: focused?.closest("[data-live]")?.dataset.live, id: focused?.closest("[data-id]")?.dataset.id, href: focused?.getAttribute?.("href") };
  const open = new Set([...document.querySelectorAll("[data-live] details[open]")].map((one) => one.id).filter(Boolean));
  const ticked = new Set([...document.querySelectorAll("[data-live] input:checked")].map((one) => one.value));
  const wasHere = here?.dataset.id;
  for (const part of page.querySelectorAll("[data-live]")) {
    const old = document.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!old) continue;
    for (const one of part.querySelectorAll("details")) if (open.has(one.id)) one.open = true;
    for (const one of part.querySelectorAll("input[type=checkbox]")) one.checked = ticked.has(one.value);
    old.replaceChildren(...part.childNodes);
  }
  // What is shown now has been seen: forms of corrections say so.
  const version = page.querySelector("input[name=seen]")?.value;
  for (const one of document.querySelectorAll("input[name=seen]")) one.value = version ?? one.value;
  const of = (id) => document.querySelector(`[data-live] [data-id="${CSS.escape(id)}"]`);
  here = wasHere ? of(wasHere) : null;
  here?.classList.add("here");
  if (kept.live) {
    const link = kept.id && of(kept.id)?.querySelector("a, summary");
    const same = kept.href && [...document.querySelectorAll(`[data-live="${kept.live}"] a`)].find((one) => one.getAttribute("href") === kept.href);
    (link || same || main).focus({ preventScroll: true });
  } else if (bar.contains(focused)) {
    (document.querySelector("[data-live] h2[tabindex]") ?? main).focus({ preventScroll: true });
  }
  const moved = place && of(place.id);
  if (moved) scrollBy({ top: moved.getBoundingClientRect().top - place.at, behavior: "instant" });
  last = Math.max(last, Number(page.getElementById("main")?.dataset.change) || 0);
  nothing();
  document.title = title;
  bar.replaceChildren(make("div", { className: "away", textContent: bar.dataset.done }));
}

function follow() {
  unfollow();
  // All changes: what merges into a story is written down with the other one.
  stream = new EventSource(`/v1/changes/stream?after=${last}`);
  const kinds = ["story_created", "article_joined", "article_left", "article_revised", "merged", "split", "renamed", "state_changed", "corrected"];
  for (const kind of kinds) stream.addEventListener(kind, (event) => note(JSON.parse(event.data)));
  stream.addEventListener("open", () => { pause = 2; bar.dataset.stream = "open"; if (bar.querySelector(".lost")) { bar.replaceChildren(); if (sum()) say(); } });
  stream.addEventListener("error", () => {
    if (!sum() && !bar.querySelector(".lost")) bar.replaceChildren(make("div", { className: "lost" }, make("p", { textContent: bar.dataset.lost })));
    // The browser comes again by itself, but for an answer that is no stream.
    if (stream?.readyState !== EventSource.CLOSED) return;
    clearTimeout(again);
    again = setTimeout(follow, 1000 * pause);
    pause = Math.min(60, pause * 2);
  });
}
function unfollow() { stream?.close(); stream = null; clearTimeout(again); bar.dataset.stream = "off"; }

// While it is hidden: what the title counts.
async function askNow() {
  try {
    const answer = await fetch(`/v1/changes?cursor=${last}&per_page=100`);
    if (answer.ok) (await answer.json()).items.forEach(note);
  } catch { /* Asked again in a while. */ }
}
function attend() {
  clearTimeout(rest);
  clearInterval(poll);
  if (!document.hidden) { if (!stream) follow(); return; }
  rest = setTimeout(() => {
    unfollow();
    let left = ASKS;
    poll = setInterval(() => { if (left-- > 0) askNow(); else clearInterval(poll); }, 1000 * ASK);
  }, 1000 * (Number(main.dataset.hidden) || HIDDEN));
}
if (main.dataset.change && window.EventSource) {
  nothing();
  if (!document.hidden) follow();
  document.addEventListener("visibilitychange", attend);
  // A page that is kept for going back must not hold a connection.
  addEventListener("pagehide", unfollow);
  addEventListener("pageshow", (event) => { if (event.persisted) attend(); });
}
