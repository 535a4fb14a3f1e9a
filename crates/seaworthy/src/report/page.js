"use strict";
const buttons = document.querySelectorAll("nav button");
for (const button of buttons) {
  button.addEventListener("click", () => {
    const mode = button.dataset.mode;
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    for (const section of document.querySelectorAll("main section")) {
      section.hidden = mode !== "all" && section.dataset.mode !== mode;
    }
  });
}
