// The board on a wall. It asks for news every few seconds, moves what has moved, celebrates completions, and gets over
// whatever happens to the network, the server or the page itself without anybody touching the screen.
"use strict";

const EVERY = 5_000;
const LONGEST_WAIT = 60_000;
const PATIENCE = 15_000;
const PARTY = 4_500;
const MOST_PARTIES = 6;
const FEW = 5;
const OLD = 12 * 60 * 60 * 1000;
const NIGHT = 4; // o'clock, on the tenant's clock
const RELOADED = "wall-reloaded-at";

const wall = document.getElementById("wall");
const rows = document.getElementById("rows");
const latest = document.getElementById("latest");
const words = wall.dataset;
const language = document.documentElement.lang;
const zone = words.zone || undefined;
const born = Date.now();

const numbers = new Intl.NumberFormat(language);
const hours = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
const days = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: zone });
const hourOnly = new Intl.DateTimeFormat("en", { hour: "numeric", hourCycle: "h23", timeZone: zone });
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const put = (element, text) => {
    if (element.textContent !== text) {
        element.textContent = text;
    }
};
const signed = (points) => `+${numbers.format(points)}`;

// Asking

let etag = "";
let timer = 0;
let isAsking = false;
let failures = 0;
let failingSince = null;
let hasEnded = false;

async function ask() {
    const impatience = new AbortController();
    const patience = setTimeout(() => impatience.abort(), PATIENCE);
    try {
        const answer = await fetch(words.board, {
            cache: "no-store",
            redirect: "manual",
            headers: etag ? { "If-None-Match": etag } : {},
            signal: impatience.signal,
        });
        if (answer.status === 304) {
            return { isSame: true };
        }
        if (answer.type === "opaqueredirect") {
            return { isSignedOut: true };
        }
        if (answer.status === 404 && (await answer.json()).gone) {
            return { isGone: true };
        }
        if (!answer.ok) {
            throw new Error(`answered ${answer.status}`);
        }
        return { board: await answer.json(), etag: answer.headers.get("ETag") || "" };
    } finally {
        clearTimeout(patience);
    }
}

async function turn() {
    if (isAsking) {
        return;
    }
    isAsking = true;
    clearTimeout(timer);
    try {
        const news = await ask();
        online();
        act(news);
    } catch {
        failures += 1;
        failingSince ??= new Date();
        if (failures > 1) {
            wall.classList.add("is-offline");
            put(document.getElementById("offline"), filled(words.offline, { time: hours.format(failingSince) }));
        }
    }
    isAsking = false;
    timer = setTimeout(turn, wait());
}

function wait() {
    if (hasEnded) {
        return LONGEST_WAIT;
    }
    // Jitter, so that a hundred walls don't come back at the same moment.
    const step = failures ? Math.min(LONGEST_WAIT, 1_500 * 1.7 ** failures) : EVERY;
    return step * (0.8 + 0.4 * Math.random());
}

function online() {
    failures = 0;
    failingSince = null;
    wall.classList.remove("is-offline");
    put(document.getElementById("offline"), "");
}

function act(news) {
    if (news.isSignedOut) {
        window.location.reload();
    } else if (news.isGone) {
        end();
    } else if (news.board) {
        if (hasEnded || news.board.page !== words.version) {
            renew();
        }
        draw(news.board);
        etag = news.etag;
    }
    if (Date.now() - born > OLD && Number(hourOnly.format(new Date())) === NIGHT) {
        renew();
    }
}

// Loads the page anew: only while the server answers, and not again and again while two versions of it do.
async function renew() {
    const last = Number(sessionStorage.getItem(RELOADED) || 0);
    if (Date.now() - last < LONGEST_WAIT) {
        return;
    }
    try {
        const page = await fetch(window.location.href, { cache: "no-store" });
        if (page.ok) {
            sessionStorage.setItem(RELOADED, String(Date.now()));
            window.location.reload();
        }
    } catch {
        // The next answer brings us here again.
    }
}

// The link was revoked: nothing of the board stays on the screen.
function end() {
    hasEnded = true;
    etag = "";
    rows.replaceChildren();
    latest.replaceChildren();
    parties.length = 0;
    document.getElementById("stage").replaceChildren();
    document.getElementById("main").hidden = true;
    document.querySelector(".top").hidden = true;
    document.getElementById("gone").hidden = false;
}

// Drawing

let seen = null;

function draw(board) {
    put(document.getElementById("name"), board.name);
    put(document.getElementById("tenant"), board.tenant);
    put(document.getElementById("period"), [board.period, board.days, ...board.of].filter(Boolean).join(" · "));
    put(document.getElementById("points-today"), numbers.format(board.today.points));
    put(document.getElementById("completions-today"), numbers.format(board.today.completions));
    rows.classList.toggle("few", board.rows.length <= FEW);
    arrange(rows, "place", board.rows, drawPlace);
    arrange(latest, "news", board.latest, drawPiece);
    document.getElementById("nothing").hidden = board.rows.length > 0;
    document.getElementById("no-news").hidden = board.latest.length > 0;
    const fresh = seen ? board.latest.filter((each) => each.fresh && !seen.has(each.key)) : [];
    seen = new Set([...(seen || []), ...board.latest.map((each) => each.key)].slice(-500));
    fresh.reverse().forEach(celebrate);
}

// Keeps the elements that are there, and lets each glide from where it was (first, last, invert, play).
function arrange(list, template, items, drawOne) {
    const known = new Map([...list.children].map((each) => [each.dataset.key, each]));
    const tops = new Map([...known].map(([key, each]) => [key, each.getBoundingClientRect().top]));
    const wanted = items.map((item) => {
        const element = known.get(item.key) || made(template);
        element.dataset.key = item.key;
        drawOne(element, item, known.has(item.key));
        return element;
    });
    [...known.values()].filter((each) => !wanted.includes(each)).forEach((each) => each.remove());
    wanted.forEach((element, number) => {
        if (list.children[number] !== element) {
            list.insertBefore(element, list.children[number] || null);
        }
    });
    if (still.matches) {
        return;
    }
    for (const element of wanted) {
        const before = tops.get(element.dataset.key);
        if (before === undefined) {
            if (known.size) {
                element.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 600 });
            }
            continue;
        }
        const moved = before - element.getBoundingClientRect().top;
        if (Math.abs(moved) > 1) {
            element.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], {
                duration: 900,
                easing: "cubic-bezier(.2, .8, .2, 1)",
            });
        }
    }
}

const made = (template) => document.getElementById(template).content.firstElementChild.cloneNode(true);
const MEDALS = ["first", "second", "third"];

function drawPlace(element, place, wasThere) {
    const part = (name) => element.querySelector(name);
    const medal = place.points > 0 ? MEDALS[place.rank - 1] : undefined;
    MEDALS.forEach((name) => element.classList.toggle(name, name === medal));
    put(part(".rank"), numbers.format(place.rank));
    put(part(".person"), place.name);
    put(part(".team"), place.team);
    part(".who").title = place.team ? `${place.name} · ${place.team}` : place.name;
    element.style.setProperty("--part", place.share);
    const points = part(".points");
    if (wasThere && Number(points.dataset.value) < place.points) {
        element.classList.remove("gained");
        void element.offsetWidth; // lets the animation begin again
        element.classList.add("gained");
    }
    points.dataset.value = place.points;
    put(points, numbers.format(place.points));
    drawMovement(part(".movement"), place.movement);
}

function drawMovement(element, movement) {
    const way = movement > 0 ? "up" : movement < 0 ? "down" : "same";
    const places = numbers.format(Math.abs(movement || 0));
    element.className = `movement ${way}`;
    const isKnown = movement !== null;
    put(element.querySelector(".arrow"), !isKnown ? "" : { up: `▲ ${places}`, down: `▼ ${places}`, same: "=" }[way]);
    put(element.querySelector(".sr-only"), isKnown ? filled(words[way], { places }) : "");
}

function drawPiece(element, completion) {
    put(element.querySelector(".person"), completion.name);
    put(element.querySelector(".mission"), completion.mission);
    put(element.querySelector(".gain"), signed(completion.points));
    const at = new Date(completion.at);
    const time = element.querySelector("time");
    time.dateTime = completion.at;
    put(time, days.format(at) === days.format(new Date()) ? hours.format(at) : days.format(at));
}

// Celebrating: one after another; of a whole batch the last few.

const parties = [];
let isPartying = false;

function celebrate(completion) {
    parties.push(completion);
    parties.splice(0, parties.length - MOST_PARTIES);
    if (!isPartying) {
        party();
    }
}

function party() {
    const completion = parties.shift();
    isPartying = completion !== undefined;
    if (!isPartying) {
        return;
    }
    const stage = document.getElementById("stage");
    const banner = made("party");
    put(banner.querySelector(".person"), completion.name);
    put(banner.querySelector(".mission"), completion.mission);
    put(banner.querySelector(".gain"), signed(completion.points));
    stage.replaceChildren(banner);
    put(
        document.getElementById("said"),
        filled(words.celebrated, { ...completion, points: numbers.format(completion.points) }),
    );
    if (!still.matches) {
        throwConfetti(stage);
        banner.animate(
            [
                { opacity: 0, transform: "translateY(60%) scale(.92)" },
                { opacity: 1, transform: "none", offset: 0.1 },
                { opacity: 1, transform: "none", offset: 0.92 },
                { opacity: 0, transform: "translateY(-15%)" },
            ],
            { duration: PARTY, easing: "ease-out", fill: "forwards" },
        );
    }
    setTimeout(() => {
        stage.replaceChildren();
        party();
    }, PARTY);
}

function throwConfetti(stage) {
    for (let number = 0; number < 36; number += 1) {
        const piece = document.createElement("span");
        piece.className = `confetto c${number % 4}`;
        piece.style.left = `${10 + 80 * Math.random()}%`;
        piece.style.top = "60%";
        stage.append(piece);
        const x = (Math.random() - 0.5) * 40;
        const turns = (Math.random() - 0.5) * 3;
        piece.animate(
            [
                { transform: "translate(0, 10vh)", opacity: 1 },
                { transform: `translate(${x / 2}vw, ${-30 - 30 * Math.random()}vh) rotate(${turns / 2}turn)`, opacity: 1, offset: 0.35 },
                { transform: `translate(${x}vw, 50vh) rotate(${turns}turn)`, opacity: 0.6 },
            ],
            { duration: 2_200 + 1_800 * Math.random(), easing: "ease-out", fill: "forwards" },
        );
    }
}

// The clock, the screen that stays on, full screen, and tools that leave when nobody moves

const clock = document.getElementById("clock");
const tick = () => put(clock, hours.format(new Date()));
tick();
setInterval(tick, 1_000);

async function stayAwake() {
    try {
        await navigator.wakeLock?.request("screen");
    } catch {
        // Not allowed now, as on an empty battery; asked again when the page is looked at.
    }
}

document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
        stayAwake();
        turn();
    }
});
window.addEventListener("online", turn);
stayAwake();

const fullScreen = document.getElementById("full-screen");
fullScreen.hidden = !document.fullscreenEnabled;
fullScreen.addEventListener("click", () => {
    if (document.fullscreenElement) {
        document.exitFullscreen();
    } else {
        document.documentElement.requestFullscreen().catch(() => {});
    }
});

let idle = 0;
function awake() {
    wall.classList.remove("idle");
    clearTimeout(idle);
    idle = setTimeout(() => wall.classList.add("idle"), 3_000);
}
["mousemove", "keydown", "touchstart"].forEach((name) => document.addEventListener(name, awake, { passive: true }));
awake();

turn();
