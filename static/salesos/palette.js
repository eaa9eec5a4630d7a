// The command palette: Ctrl+K or ⌘K opens it, arrows choose, Enter opens what is chosen. The server finds.
const palette = document.getElementById("palette");

if (palette) {
    const input = document.getElementById("palette-input");
    const results = document.getElementById("palette-results");
    const PAUSE = 150;
    let timer;
    let asked;
    let answered = null;
    let opensWhenAnswered = false;

    const options = () => [...results.querySelectorAll("[role=option]")];
    const chosen = () => results.querySelector("[aria-selected=true]");

    const choose = (option) => {
        chosen()?.setAttribute("aria-selected", "false");
        if (!option) {
            input.removeAttribute("aria-activedescendant");
            return;
        }
        option.setAttribute("aria-selected", "true");
        option.scrollIntoView({ block: "nearest" });
        input.setAttribute("aria-activedescendant", option.id);
    };

    const open = () => {
        if (palette.open) {
            return;
        }
        palette.showModal();
        input.select();
        ask();
    };

    const ask = async () => {
        asked?.abort();
        asked = new AbortController();
        const text = input.value.trim();
        try {
            const answer = await fetch(`${palette.dataset.address}?q=${encodeURIComponent(text)}`, { signal: asked.signal });
            if (!answer.ok || answer.redirected) {
                throw new Error(answer.status);
            }
            results.innerHTML = await answer.text();
            answered = text;
            choose(options()[0]);
            if (opensWhenAnswered) {
                follow();
            }
        } catch (error) {
            if (error.name !== "AbortError") {
                results.textContent = palette.dataset.failed;
                opensWhenAnswered = false;
            }
        }
    };

    const follow = (inNewTab = false) => {
        const option = chosen();
        opensWhenAnswered = false;
        if (!option) {
            return;
        }
        if (inNewTab) {
            window.open(option.href, "_blank", "noopener");
        } else {
            window.location.assign(option.href);
        }
    };

    document.addEventListener("keydown", (event) => {
        if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
            event.preventDefault();
            open();
        }
    });

    document.addEventListener("click", (event) => {
        const button = event.target.closest("[data-palette]");
        if (button) {
            button.dataset.palette === "open" ? open() : palette.close();
        } else if (event.target === palette) {
            palette.close();
        }
    });

    input.addEventListener("input", () => {
        clearTimeout(timer);
        opensWhenAnswered = false;
        timer = setTimeout(ask, PAUSE);
    });

    input.addEventListener("keydown", (event) => {
        const all = options();
        const place = all.indexOf(chosen());
        if (event.key === "ArrowDown") {
            event.preventDefault();
            choose(all[(place + 1) % all.length]);
        } else if (event.key === "ArrowUp") {
            event.preventDefault();
            choose(all[(place - 1 + all.length) % all.length]);
        } else if (event.key === "Escape") {
            // Else the browser would only empty the field.
            event.preventDefault();
            palette.close();
        } else if (event.key === "Enter") {
            event.preventDefault();
            // Typed faster than answered: what is shown is not yet what was asked for.
            if (answered === input.value.trim()) {
                follow(event.ctrlKey || event.metaKey);
            } else {
                clearTimeout(timer);
                opensWhenAnswered = true;
                ask();
            }
        }
    });

    palette.addEventListener("close", () => {
        clearTimeout(timer);
        opensWhenAnswered = false;
    });
}
