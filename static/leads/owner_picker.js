// Choosing a person by typing: the server finds, arrows choose, Enter takes. What was typed and not chosen goes back to
// what was chosen before; an emptied field chooses nobody.
const PAUSE = 150;

const start = (picker) => {
    const [value, input] = picker.querySelectorAll("input");
    const list = picker.querySelector(".picker-options");
    const listId = input.getAttribute("aria-controls");
    let chosen = input.value;
    let timer;
    let asked;

    const options = () => [...list.querySelectorAll("[role=option]")];
    const active = () => list.querySelector("[aria-selected=true]");

    const mark = (option) => {
        active()?.setAttribute("aria-selected", "false");
        if (!option) {
            input.removeAttribute("aria-activedescendant");
            return;
        }
        option.setAttribute("aria-selected", "true");
        option.scrollIntoView({ block: "nearest" });
        input.setAttribute("aria-activedescendant", option.id);
    };

    const close = () => {
        clearTimeout(timer);
        asked?.abort();
        list.hidden = true;
        input.setAttribute("aria-expanded", "false");
        mark(null);
    };

    const ask = async () => {
        asked?.abort();
        asked = new AbortController();
        const text = input.value === chosen ? "" : input.value.trim();
        try {
            const answer = await fetch(`${picker.dataset.picker}?q=${encodeURIComponent(text)}`, { signal: asked.signal });
            if (!answer.ok || answer.redirected) {
                throw new Error(answer.status);
            }
            list.innerHTML = await answer.text();
            list.querySelector("[role=listbox]").id = listId;
            options().forEach((option, place) => {
                option.id = `${listId}-${place}`;
            });
        } catch (error) {
            if (error.name === "AbortError") {
                return;
            }
            list.textContent = picker.dataset.failed;
        }
        list.hidden = false;
        input.setAttribute("aria-expanded", "true");
        mark(text ? options()[0] : null);
    };

    const take = (option) => {
        value.value = option.dataset.value;
        chosen = option.dataset.title;
        input.value = chosen;
        close();
        value.dispatchEvent(new Event("change", { bubbles: true }));
    };

    input.addEventListener("input", () => {
        if (!input.value.trim()) {
            value.value = "";
            chosen = "";
        }
        clearTimeout(timer);
        timer = setTimeout(ask, PAUSE);
    });

    input.addEventListener("click", () => {
        if (list.hidden) {
            ask();
        }
    });

    input.addEventListener("keydown", (event) => {
        const all = options();
        const place = all.indexOf(active());
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            if (list.hidden) {
                ask();
            } else if (all.length) {
                const step = event.key === "ArrowDown" ? 1 : -1;
                mark(all[place < 0 && step < 0 ? all.length - 1 : (place + step + all.length) % all.length]);
            }
        } else if (event.key === "Enter" && !list.hidden && active()) {
            event.preventDefault();
            take(active());
        } else if (event.key === "Escape" && !list.hidden) {
            event.preventDefault();
            input.value = chosen;
            close();
        }
    });

    input.addEventListener("blur", () => {
        input.value = chosen;
        close();
    });

    // Before the field loses the focus, which would close the list.
    list.addEventListener("mousedown", (event) => {
        event.preventDefault();
        const option = event.target.closest("[role=option]");
        if (option) {
            take(option);
        }
    });
};

document.querySelectorAll("[data-picker]").forEach(start);
