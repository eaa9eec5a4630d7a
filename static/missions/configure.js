// Missions › Configure by keyboard: find a code while typing, choose or name its mission, go on to the next.
// Without this file the table still saves: a mission is a text with the browser's own suggestions.
(() => {
    const form = document.querySelector("[data-codes]");
    const filter = document.getElementById("filter");
    if (!form || !filter) {
        return;
    }
    const told = document.getElementById("told");
    const noneFound = document.getElementById("none-found");
    const changed = document.getElementById("changed");
    const list = document.getElementById("choices");
    const rows = [...form.querySelectorAll("tbody tr[id]")];
    const bodies = [...form.querySelectorAll("tbody")];
    const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const inputOf = (row, field) => row.querySelector(`input[name^="${field}"]`);
    const fieldOf = (input) => input.name[0];
    const isCell = (element) => element.matches?.("td > input[name]");
    const words = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

    document.getElementById("filter-of-codes").hidden = false;
    document.getElementById("keys").hidden = !list;

    // Find

    const texts = new WeakMap();
    const textOf = (row) => {
        if (!texts.has(row)) {
            const typed = [...row.querySelectorAll("td > input[name]")].map((input) => input.value);
            texts.set(row, fold([row.cells[0].textContent, ...typed, ...(typed.length ? [] : [row.textContent])].join(" ")));
        }
        return texts.get(row);
    };

    const find = () => {
        const wanted = fold(filter.value).split(/\s+/).filter(Boolean);
        let shown = 0;
        for (const row of rows) {
            // What is wrong is never out of sight.
            row.hidden = !row.classList.contains("wrong") && !wanted.every((word) => textOf(row).includes(word));
            shown += !row.hidden;
        }
        for (const body of bodies) {
            body.hidden = [...body.rows].every((row) => !row.id || row.hidden);
        }
        if (rows.length) {
            noneFound.hidden = shown > 0;
        }
        told.textContent = wanted.length ? words(form.dataset.found, { shown, all: rows.length }) : "";
        const address = new URL(location.href);
        filter.value ? address.searchParams.set("q", filter.value) : address.searchParams.delete("q");
        history.replaceState(history.state, "", address);
    };
    filter.addEventListener("input", find);
    if (filter.value) {
        find();
    }

    const shownRows = () => rows.filter((row) => !row.hidden);
    const enter = (row, field) => {
        const input = row && inputOf(row, field);
        input?.focus();
        input?.select();
        return Boolean(input);
    };

    filter.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === "ArrowDown") {
            event.preventDefault();
            if (!enter(shownRows()[0], "m")) {
                noneFound.hidden || noneFound.querySelector("a")?.click();
            }
        } else if (event.key === "Escape" && filter.value) {
            event.preventDefault();
            filter.value = "";
            find();
        }
    });
    document.addEventListener("keydown", (event) => {
        const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
        if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
            event.preventDefault();
            filter.focus();
            filter.select();
        }
    });

    // What another view shows is found by the same words, and loses nothing that was typed.
    for (const link of document.querySelectorAll("a[data-keeps-what-is-typed]")) {
        link.addEventListener("click", (event) => {
            const address = new URL(link.href);
            if (filter.value) {
                address.searchParams.set("q", filter.value);
                link.href = address;
            }
            if (isDirty()) {
                event.preventDefault();
                form.action = address;
                submitAs("edit");
            }
        });
    }

    if (!list) {
        return;
    }

    // What was typed

    const isDirtyRow = (row) =>
        row.classList.contains("changed") ||
        [...row.querySelectorAll("td > input[name]")].some((input) => input.value !== input.defaultValue);
    const isDirty = () => rows.some(isDirtyRow);
    let isLeaving = false;

    function submitAs(doing) {
        const button = Object.assign(document.createElement("button"), { name: "do", value: doing, hidden: true });
        form.append(button);
        form.requestSubmit(button);
    }

    const count = () => {
        const number = rows.filter(isDirtyRow).length;
        changed.textContent = number ? words(number === 1 ? form.dataset.one : form.dataset.many, { count: number }) : "";
    };
    form.addEventListener("submit", () => (isLeaving = true));
    window.addEventListener("beforeunload", (event) => {
        if (!isLeaving && isDirty()) {
            event.preventDefault();
        }
    });
    window.addEventListener("pageshow", () => {
        isLeaving = false;
        count();
    });

    // Missions to choose from, in one list that goes where it is needed

    const missions = [...document.getElementById("missions").options].map((option) => ({
        name: option.value,
        folded: fold(option.value),
        note: option.textContent,
    }));
    const known = new Set(missions.map((mission) => mission.name.toLowerCase().split(/\s+/).join(" ")));
    const isKnown = (name) => known.has(name.trim().toLowerCase().split(/\s+/).join(" "));
    let owner = null;

    const close = () => {
        if (owner) {
            owner.setAttribute("aria-expanded", "false");
            owner.removeAttribute("aria-activedescendant");
        }
        owner = null;
        list.hidden = true;
    };

    const place = () => {
        const box = owner.getBoundingClientRect();
        const height = Math.min(list.scrollHeight, 256);
        const isAbove = box.bottom + height > innerHeight && box.top > height;
        list.style.left = `${box.left}px`;
        list.style.minWidth = `${box.width}px`;
        list.style.top = `${isAbove ? box.top - height - 4 : box.bottom + 2}px`;
    };

    const optionOf = (name, text, note = "") => {
        const option = document.createElement("li");
        option.setAttribute("role", "option");
        option.id = `choice-${list.children.length}`;
        option.dataset.name = name;
        option.textContent = text;
        if (note) {
            option.append(" ", Object.assign(document.createElement("small"), { textContent: `(${note})` }));
        }
        list.append(option);
    };

    const open = (input, wanted) => {
        list.replaceChildren();
        const folded = fold(wanted.trim());
        for (const mission of missions) {
            if (mission.folded.includes(folded)) {
                optionOf(mission.name, mission.name, mission.note);
            }
        }
        if (wanted.trim() && !isKnown(wanted)) {
            optionOf(wanted.trim(), words(form.dataset.create, { name: wanted.trim() }));
        }
        if (!list.children.length) {
            close();
            return;
        }
        owner = input;
        list.hidden = false;
        input.setAttribute("aria-expanded", "true");
        input.removeAttribute("aria-activedescendant");
        place();
    };

    const choose = (option) => {
        list.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
        if (!option) {
            return;
        }
        option.setAttribute("aria-selected", "true");
        owner.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
    };

    const take = (option) => {
        const input = owner;
        input.value = option.dataset.name;
        close();
        noteTyped(input);
        enter(input.closest("tr"), "p");
    };

    const moveChoice = (step) => {
        const options = [...list.children];
        const at = options.findIndex((option) => option.ariaSelected === "true");
        choose(options[at < 0 ? (step > 0 ? 0 : options.length - 1) : (at + step + options.length) % options.length]);
    };

    list.addEventListener("mousedown", (event) => {
        event.preventDefault();
        const option = event.target.closest("li");
        if (option) {
            take(option);
        }
    });
    addEventListener("scroll", () => owner && place(), { capture: true, passive: true });
    addEventListener("resize", close);

    // In a row

    const noteTyped = (input) => {
        const row = input.closest("tr");
        texts.delete(row);
        row.classList.toggle("dirty", isDirtyRow(row));
        if (fieldOf(input) === "m") {
            input.parentElement.querySelector(".hint")?.remove();
            if (input.value.trim() && !isKnown(input.value)) {
                const hint = Object.assign(document.createElement("small"), { className: "hint", textContent: form.dataset.new });
                input.after(hint);
            }
        }
        count();
    };

    form.addEventListener("focusin", (event) => {
        const input = event.target;
        if (!isCell(input)) {
            return;
        }
        if (fieldOf(input) === "m" && input.hasAttribute("list")) {
            input.removeAttribute("list");
            for (const [name, value] of Object.entries({
                role: "combobox",
                "aria-autocomplete": "list",
                "aria-expanded": "false",
                "aria-controls": "choices",
            })) {
                input.setAttribute(name, value);
            }
        } else if (fieldOf(input) === "p") {
            input.inputMode = "numeric";
        }
    });
    form.addEventListener("focusout", (event) => {
        if (event.target === owner) {
            close();
        }
    });
    form.addEventListener("input", (event) => {
        if (!isCell(event.target)) {
            return;
        }
        noteTyped(event.target);
        if (fieldOf(event.target) === "m") {
            open(event.target, event.target.value);
        }
    });
    form.addEventListener("click", (event) => {
        if (isCell(event.target) && fieldOf(event.target) === "m" && !owner) {
            open(event.target, "");
        }
    });

    const go = (input, step) => {
        const visible = shownRows();
        enter(visible[visible.indexOf(input.closest("tr")) + step], fieldOf(input));
    };

    form.addEventListener("keydown", (event) => {
        const input = event.target;
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            submitAs("review");
            return;
        }
        if (!isCell(input) || event.isComposing) {
            return;
        }
        const step = event.key === "ArrowUp" ? -1 : 1;
        const selected = owner && list.querySelector("[aria-selected]");
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            if (owner) {
                moveChoice(step);
            } else if (fieldOf(input) === "m" && step > 0) {
                open(input, "");
            } else {
                go(input, step);
            }
        } else if (event.key === "Enter") {
            event.preventDefault();
            if (selected) {
                take(selected);
            } else {
                close();
                go(input, event.shiftKey ? -1 : 1);
            }
        } else if (event.key === "Escape") {
            event.preventDefault();
            owner ? close() : filter.focus();
        }
    });

    count();
    const wrong = form.querySelector("[aria-invalid]");
    wrong?.focus();
    wrong?.scrollIntoView({ block: "center" });
})();
