// Copy buttons, the current place in the contents, and contents that start folded on narrow screens.
"use strict";

const said = document.getElementById("said");

for (const figure of document.querySelectorAll("figure.code")) {
  const block = figure.querySelector("pre");
  const caption = figure.querySelector("figcaption");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${caption.textContent.trim()}`);
  button.addEventListener("click", async () => {
    const outcome = await copy(block);
    button.textContent = said.textContent = outcome;
    setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2500);
  });
  caption.append(button);
}

async function copy(block) {
  try {
    await navigator.clipboard.writeText(block.textContent);
    return "Copied";
  } catch {
    // Without HTTPS browsers give no clipboard; a selection is the next best thing.
    getSelection().selectAllChildren(block);
    return "Selected";
  }
}

const nav = document.querySelector(".contents");
const contents = nav.querySelector("details");
const wide = matchMedia("(min-width: 64rem)");
const fold = () => { contents.open = wide.matches; };
wide.addEventListener("change", fold);
fold();

const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
contents.addEventListener("click", (event) => {
  if (event.target.closest("a") && !wide.matches) contents.open = false;
});

const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    const link = links.get(entry.target.id);
    link.setAttribute("aria-current", "true");
    // Not scrollIntoView: it would stop the page where it is scrolling to.
    if (wide.matches) nav.scrollTop = link.offsetTop - nav.clientHeight / 2;
  }
}, { rootMargin: "-10% 0px -80% 0px" });

for (const section of document.querySelectorAll("main > section")) {
  if (links.has(section.id)) watch.observe(section);
}
