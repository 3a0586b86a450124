// Keys of the desk: c opens the corrections, z undoes what was just done, y and x decide a row of the review list. Everything works without them.
import { keyOf } from "./silsila.js";

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
      // The row that the keys moved to, else the one that the address names, else the first.
      const row = document.querySelector(".item.here") ?? document.querySelector(".item:target") ?? document.querySelector(".item");
      row?.querySelector(`[data-key=${keyOf(event)}]`)?.click();
      break;
    }
  }
});
