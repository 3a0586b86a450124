// Keys of the desk: c opens the corrections, z undoes what was just done. Everything works without them.
const panel = document.getElementById("correct");
const undo = document.querySelector("[data-key=z]");
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.getElementById("help").open) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
  switch (keyOf(event)) {
    case "c":
      if (!panel) return;
      panel.open = !panel.open;
      panel.querySelector("summary").focus();
      break;
    case "z": undo?.click(); break;
  }
});
