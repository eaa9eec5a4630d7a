// Applies mappings to the past step by step: each request counts for about two seconds, the bar follows, and what was
// stopped goes on where it ended.
(() => {
    const form = document.querySelector("[data-apply]");
    if (!form) {
        return;
    }
    const box = document.getElementById("progress");
    const bar = box.querySelector("progress");
    const words = box.querySelector("[role=status]");
    const apply = form.querySelector("button[type=submit]");
    const stop = document.getElementById("stop");
    const total = Number(form.dataset.total);
    const number = new Intl.NumberFormat(document.documentElement.lang || undefined);
    let done = 0;
    let points = 0;
    let isStopped = false;

    const tell = (text) => {
        const values = { done: number.format(done), total: number.format(total), points: number.format(points) };
        words.textContent = text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
    };
    const running = (is) => {
        apply.disabled = is;
        stop.hidden = !is;
    };

    const step = async () => {
        const answer = await fetch(location.href, {
            method: "POST",
            body: new FormData(form),
            headers: { Accept: "application/json" },
        });
        if (!answer.ok) {
            throw new Error(String(answer.status));
        }
        return answer.json();
    };

    const run = async () => {
        while (!isStopped) {
            const counted = await step();
            done += counted.activities;
            points += counted.points;
            bar.value = done;
            if (counted.refusal || counted.is_finished) {
                return counted;
            }
            tell(form.dataset.running);
        }
        return null;
    };

    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        isStopped = false;
        box.hidden = false;
        running(true);
        tell(form.dataset.running);
        try {
            const last = await run();
            if (last?.refusal) {
                words.textContent = last.refusal;
            } else if (last) {
                bar.value = bar.max;
                apply.hidden = true;
                tell(form.dataset.finished);
            } else {
                tell(form.dataset.stopped);
            }
        } catch {
            tell(form.dataset.lost);
        }
        running(false);
    });
    stop.addEventListener("click", () => {
        isStopped = true;
    });
})();
