// Keys for editors. Everything works without them.
const items = [...document.querySelectorAll(".item")];
let here = -1;
function go(step) {
  if (!items.length) return;
  items[here]?.classList.remove("here");
  here = Math.max(0, Math.min(items.length - 1, here + step));
  items[here].classList.add("here");
  items[here].querySelector("a")?.focus({ preventScroll: true });
  items[here].scrollIntoView({ block: "nearest" });
}
const help = document.getElementById("help");
document.getElementById("help-button")?.addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const up = document.querySelector("[data-up]") ?? document.querySelector(".path a");
  if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "/") { event.preventDefault(); document.getElementById("search").focus(); }
  else if (event.key === "u" && up) up.click();
  else if (event.key === "?") help.showModal();
});
