// Keys and the theme for editors. Everything works without them.
const items = [...document.querySelectorAll(".item")];
let here = -1;

function go(step) {
  if (!items.length) return;
  items[here]?.classList.remove("here");
  here = Math.max(0, Math.min(items.length - 1, here + step));
  items[here].classList.add("here");
  const link = items[here].querySelector("a, summary");
  link?.focus({ preventScroll: true });
  items[here].scrollIntoView({ block: "nearest" });
}

// The letter on the key where the layout has no Latin letters (an Arabic one), else the letter typed.
function keyOf(event) {
  if (/^[\x21-\x7e]$/.test(event.key)) return event.key;
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
}

const help = document.getElementById("help");
document.getElementById("help-button")?.addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (help.open) return;
  const up = document.querySelector("[data-up]") ?? document.querySelector(".path a");
  switch (keyOf(event)) {
    case "j": go(1); break;
    case "k": go(-1); break;
    case "/": event.preventDefault(); document.getElementById("search").focus(); break;
    case "u": up?.click(); break;
    case "?": help.showModal(); break;
  }
});

// Without scripts the switch goes round system, dark, light; here it always offers what is not shown now.
const theme = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
function offer() {
  const now = document.documentElement.dataset.theme;
  const dark = now === "system" ? system.matches : now === "dark";
  const address = new URL(theme.href);
  address.searchParams.set("theme", dark ? "light" : "dark");
  theme.href = address.search;
  theme.textContent = dark ? theme.dataset.light : theme.dataset.dark;
}
if (theme) { offer(); system.addEventListener("change", offer); }
