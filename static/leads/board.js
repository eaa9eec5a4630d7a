// The board: cards are moved by mouse, by keyboard, or by the menu “Move to…”. The server decides; what it refuses goes
// back, and what somebody else moved meanwhile shows up where it is.

const board = document.getElementById("board");
const dialog = document.getElementById("move-dialog");

function start() {
    showGrips(board);
    board.addEventListener("dragstart", onDragStart);
    board.addEventListener("dragover", onDragOver);
    board.addEventListener("dragleave", onDragLeave);
    board.addEventListener("drop", onDrop);
    board.addEventListener("dragend", endDrag);
    board.addEventListener("click", onClick);
    board.addEventListener("keydown", onKey);
    board.addEventListener("focusout", (event) => {
        if (picked && event.target.closest("[data-grip]") && !isPutting) {
            letBe();
        }
    });
}

const columns = () => [...board.querySelectorAll("[data-stage]")];
const columnOf = (card) => card.closest("[data-stage]");
const columnCalled = (stage) => board.querySelector(`[data-stage="${CSS.escape(stage)}"]`);
const words = (name, facts) =>
    Object.entries(facts).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, value), board.dataset[name]);

function showGrips(part) {
    part.querySelectorAll("[data-grip]").forEach((grip) => {
        grip.hidden = false;
    });
}

// What is said

function tell(text, kind = "") {
    const toast = document.createElement("p");
    toast.className = `board-toast ${kind}`;
    toast.textContent = text;
    const told = document.getElementById("board-told");
    told.append(toast);
    setTimeout(() => toast.remove(), kind === "bad" ? 12000 : 6000);
}

function say(text) {
    document.getElementById("board-ear").textContent = text;
}

// By mouse

let dragged = null;

function onDragStart(event) {
    dragged = event.target.closest?.("[data-deal]");
    if (!dragged || dragged.getAttribute("aria-busy") === "true") {
        dragged = null;
        event.preventDefault();
        return;
    }
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.name);
    // Later, or the picture under the pointer would be pale, too.
    setTimeout(() => dragged?.classList.add("dragged"));
}

function onDragOver(event) {
    const column = event.target.closest("[data-stage]");
    if (!dragged) {
        return;
    }
    scrollNearEdge(event.clientX);
    if (!column) {
        return;
    }
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    mark(column === columnOf(dragged) ? null : column);
}

function onDragLeave(event) {
    if (!board.contains(event.relatedTarget)) {
        mark(null);
    }
}

function onDrop(event) {
    const column = event.target.closest("[data-stage]");
    const card = dragged;
    event.preventDefault();
    endDrag();
    if (card && column && column !== columnOf(card)) {
        moveTo(card, column);
    }
}

function endDrag() {
    dragged?.classList.remove("dragged");
    dragged = null;
    mark(null);
}

function mark(column) {
    columns().forEach((each) => each.classList.toggle("over", each === column));
}

function scrollNearEdge(x) {
    const edges = board.getBoundingClientRect();
    if (x < edges.left + 60) {
        board.scrollLeft -= 24;
    } else if (x > edges.right - 60) {
        board.scrollLeft += 24;
    }
}

// By keyboard

let picked = null;
let over = null;
let isPutting = false;

function onKey(event) {
    const grip = event.target.closest("[data-grip]");
    if (!grip) {
        return;
    }
    const card = grip.closest("[data-deal]");
    if (!picked && (event.key === " " || event.key === "Enter")) {
        event.preventDefault();
        pickUp(card);
    } else if (picked) {
        const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity };
        if (event.key in steps) {
            event.preventDefault();
            goOver(steps[event.key]);
        } else if (event.key === " " || event.key === "Enter") {
            event.preventDefault();
            put();
        } else if (event.key === "Escape") {
            event.preventDefault();
            letBe();
        }
    }
}

function pickUp(card) {
    if (card.getAttribute("aria-busy") === "true") {
        return;
    }
    picked = card;
    over = columnOf(card);
    card.classList.add("picked");
    say(words("picked", { deal: card.dataset.name, stage: over.dataset.name }));
}

function goOver(step) {
    const all = columns();
    const place = Math.min(Math.max(all.indexOf(over) + step, 0), all.length - 1);
    over = all[place];
    mark(over);
    over.scrollIntoView({ block: "nearest", inline: "nearest" });
    say(words("over", { stage: over.dataset.name, number: place + 1, total: all.length }));
}

function put() {
    const [card, column] = [picked, over];
    if (column === columnOf(card)) {
        letBe();
        return;
    }
    forget();
    isPutting = true;
    moveTo(card, column, { hasFocus: true }).finally(() => {
        isPutting = false;
    });
}

function letBe() {
    say(words("letBe", { deal: picked.dataset.name, stage: columnOf(picked).dataset.name }));
    forget();
}

function forget() {
    picked?.classList.remove("picked");
    picked = over = null;
    mark(null);
}

// By the menu

function onClick(event) {
    const link = event.target.closest("[data-move]");
    const grip = event.target.closest("[data-grip]");
    if (link && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        const card = link.closest("[data-deal]");
        ask(card).then((answer) => answer && send(card, columnCalled(answer.stage), answer.reason, { hasFocus: true }));
    } else if (grip && event.detail > 0 && !picked) {
        // A click that was no drag.
        grip.closest("[data-deal]").querySelector("[data-move]").click();
    }
}

// Where it goes, and why: with a column given only why. null: it stays.
function ask(card, column = null) {
    const form = dialog.querySelector("form");
    const title = dialog.querySelector("#move-title");
    const reason = dialog.querySelector(".move-reason");
    const stages = dialog.querySelector(".move-stages");
    const radios = [...form.querySelectorAll("[name=stage]")];
    const here = columnOf(card).dataset.stage;
    form.reset();
    stages.hidden = Boolean(column);
    title.textContent = title.dataset[column ? column.dataset.kind : "to"].replaceAll("{deal}", card.dataset.name);
    radios.forEach((radio) => {
        radio.disabled = radio.value === here;
        radio.checked = column ? radio.value === column.dataset.stage : false;
    });
    const first = radios.find((radio) => (column ? radio.checked : !radio.disabled && follows(radio.value, here)))
        ?? radios.find((radio) => !radio.disabled);
    if (!first) {
        return Promise.resolve(null);
    }
    first.checked = true;
    const showReason = () => {
        reason.hidden = form.querySelector("[name=stage]:checked").dataset.kind === "open";
    };
    showReason();
    stages.onchange = showReason;
    dialog.querySelector("[data-cancel]").onclick = () => dialog.close("");
    dialog.returnValue = "";
    dialog.showModal();
    (column ? form.querySelector("#move-reason") : first).focus();
    return new Promise((resolve) => {
        dialog.onclose = () => {
            const stage = form.querySelector("[name=stage]:checked").value;
            const text = reason.hidden ? "" : form.querySelector("#move-reason").value;
            resolve(dialog.returnValue === "move" ? { stage, reason: text } : null);
        };
    });
}

function follows(stage, here) {
    const all = columns().map((column) => column.dataset.stage);
    return all.indexOf(stage) === all.indexOf(here) + 1;
}

// The move itself

async function moveTo(card, column, { hasFocus = false } = {}) {
    let reason = "";
    if (column.dataset.kind !== "open") {
        const answer = await ask(card, column);
        if (!answer) {
            say(words("letBe", { deal: card.dataset.name, stage: columnOf(card).dataset.name }));
            focusOn(card, hasFocus);
            return;
        }
        reason = answer.reason;
    }
    await send(card, column, reason, { hasFocus });
}

async function send(card, column, reason, { hasFocus = false } = {}) {
    const before = { column: columnOf(card), next: card.nextElementSibling };
    const body = new FormData();
    body.set("csrfmiddlewaretoken", dialog.querySelector("[name=csrfmiddlewaretoken]").value);
    body.set("stage", column.dataset.stage);
    body.set("version", card.dataset.version);
    body.set("reason", reason);
    card.setAttribute("aria-busy", "true");
    say(words("moving", { deal: card.dataset.name, stage: column.dataset.name }));
    column.querySelector("[data-cards]").prepend(card);
    const snapBack = () => {
        before.next?.isConnected ? before.next.before(card) : before.column.querySelector("[data-cards]").append(card);
        card.removeAttribute("aria-busy");
        focusOn(card, hasFocus);
    };
    let response;
    let answer;
    try {
        response = await fetch(card.querySelector("[data-move]").href, {
            method: "POST",
            body,
            headers: { Accept: "application/json" },
        });
        if (response.status === 404) {
            card.remove();
            tell(board.dataset.gone, "bad");
            return;
        }
        if (response.redirected || !response.headers.get("Content-Type")?.startsWith("application/json")) {
            snapBack();
            tell(board.dataset.signedOut, "bad");
            return;
        }
        answer = await response.json();
    } catch {
        snapBack();
        tell(words("failed", { deal: card.dataset.name }), "bad");
        return;
    }
    const shown = place(card, answer);
    show(answer);
    tell(answer.kind === "won" ? `🎉 ${answer.told} ${board.dataset.celebrated}` : answer.told, response.ok ? answer.kind : "bad");
    if (shown) {
        shown.classList.add(answer.kind === "won" ? "celebrated" : "fresh");
        shown.scrollIntoView({ block: "nearest", inline: "nearest" });
        focusOn(shown, hasFocus);
    }
}

// The card as the answer has it, in its column and order; null where the board shows it no more.
function place(card, answer) {
    const column = answer.stage ? columnCalled(answer.stage) : null;
    if (!column) {
        card.remove();
        return null;
    }
    const made = document.createElement("template");
    made.innerHTML = answer.card.trim();
    const shown = made.content.firstElementChild;
    card.remove();
    const list = column.querySelector("[data-cards]");
    const next = [...list.querySelectorAll("[data-deal]")].find((each) => each.dataset.order > shown.dataset.order);
    if (next) {
        next.before(shown);
    } else {
        const more = list.querySelector("[data-more-item]");
        more ? more.before(shown) : list.append(shown);
    }
    showGrips(shown);
    return shown;
}

function show(answer) {
    Object.entries(answer.columns).forEach(([stage, figures]) => {
        const column = columnCalled(stage);
        column?.querySelectorAll("[data-figure]").forEach((element) => {
            element.textContent = figures[element.dataset.figure];
        });
        const count = document.querySelector(`[data-tab="${CSS.escape(stage)}"] [data-tab-count]`);
        if (count) {
            count.textContent = figures.count;
        }
    });
    document.querySelectorAll("[data-sum]").forEach((element) => {
        element.textContent = answer.sums[element.dataset.sum];
    });
}

function focusOn(card, hasFocus) {
    if (hasFocus) {
        const grip = card.querySelector("[data-grip]");
        (grip && grip.offsetParent ? grip : card.querySelector("[data-move]"))?.focus();
    }
}

// More cards of a column

async function showMore(event) {
    const link = event.target.closest("[data-more]");
    if (!link || event.ctrlKey || event.metaKey) {
        return;
    }
    event.preventDefault();
    const item = link.closest("[data-more-item]");
    item.setAttribute("aria-busy", "true");
    const response = await fetch(link.dataset.more).catch(() => null);
    if (!response?.ok || response.redirected) {
        // The list has them all.
        window.location = link.href;
        return;
    }
    const made = document.createElement("template");
    made.innerHTML = await response.text();
    const there = new Set([...board.querySelectorAll("[data-deal]")].map((card) => card.dataset.deal));
    made.content.querySelectorAll("[data-deal]").forEach((card) => {
        if (there.has(card.dataset.deal)) {
            card.remove();
        }
    });
    showGrips(made.content);
    const first = made.content.querySelector("a");
    item.replaceWith(made.content);
    first?.focus();
}

// On a narrow screen: a tab for each stage, and the filters out of the way

function foldFilters() {
    const filters = document.querySelector(".board-filters");
    if (window.matchMedia("(max-width: 700px)").matches && !("keep" in filters.dataset)) {
        filters.open = false;
    }
}

function startTabs() {
    const tabs = document.querySelector(".stage-tabs");
    tabs.hidden = false;
    tabs.addEventListener("click", (event) => {
        const tab = event.target.closest("[data-tab]");
        const column = tab && columnCalled(tab.dataset.tab);
        if (column) {
            board.scrollTo({ left: column.offsetLeft - board.offsetLeft, behavior: "smooth" });
        }
    });
    const seen = new IntersectionObserver(
        (entries) => entries.forEach((entry) => {
            tabs.querySelector(`[data-tab="${CSS.escape(entry.target.dataset.stage)}"]`)
                .setAttribute("aria-pressed", String(entry.isIntersecting));
        }),
        { root: board, threshold: 0.6 },
    );
    columns().forEach((column) => seen.observe(column));
}

if (board) {
    foldFilters();
    startTabs();
    board.addEventListener("click", showMore);
}
if (board && dialog) {
    start();
}
