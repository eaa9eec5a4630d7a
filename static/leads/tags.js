// Tags that are offered beside a field: a click writes one into it, or takes it out again.
for (const offers of document.querySelectorAll("[data-fills]")) {
    const input = document.getElementById(offers.dataset.fills);
    const written = () => input.value.split(",").map((tag) => tag.trim()).filter(Boolean);

    const show = () => {
        for (const offer of offers.querySelectorAll("[data-tag]")) {
            offer.setAttribute("aria-pressed", String(written().includes(offer.dataset.tag)));
        }
    };

    offers.addEventListener("click", (event) => {
        const tag = event.target.closest("[data-tag]")?.dataset.tag;
        if (tag) {
            const tags = written();
            input.value = (tags.includes(tag) ? tags.filter((other) => other !== tag) : [...tags, tag]).join(", ");
            show();
        }
    });
    input.addEventListener("input", show);
    show();
}
