// Keys of the desk: c opens the corrections, z undoes what was just done, y and x decide a row of the review list. Everything works without them.
import { keyOf } from "./silsila.js";

// What is ticked goes along where a link leads to this page in another way; the buttons that turn its pages carry it anyway.
const ticked = document.getElementById("ticked");
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('main a[href^="?"]');
  if (!ticked || !link) return;
  const address = new URL(link.href);
  address.searchParams.delete("article");
  for (const id of new FormData(ticked).getAll("article")) address.searchParams.append("article", id);
  link.href = address.search + address.hash;
}, true);

const panel = document.getElementById("correct");
const undo = document.querySelector("[data-key=z]");
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.documentElement.dataset.keys === "off" || document.getElementById("help").open) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
  switch (keyOf(event)) {
    case "c":
      if (!panel) return;
      panel.open = !panel.open;
      panel.querySelector("summary").focus();
      break;
    case "z": undo?.click(); break;
    case "y": case "x": {
      // The row that is marked: nothing is decided that is not seen to be meant.
      document.querySelector(".item.here")?.querySelector(`[data-key=${keyOf(event)}]`)?.click();
      break;
    }
  }
});
