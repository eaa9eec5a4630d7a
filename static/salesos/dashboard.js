// Before htmx starts: it would write a style into the page, which the Content-Security-Policy refuses.
if (window.htmx) {
    htmx.config.includeIndicatorStyles = false;
    htmx.config.allowEval = false;
}

// The page is hidden until Alpine has started, and what is hidden can't take the focus that it was meant to have.
document.addEventListener("alpine:initialized", () => {
    if (document.activeElement === document.body) {
        document.querySelector("[autofocus]")?.focus();
    }
});

// Copy buttons: data-copy names the element whose text goes to the clipboard.
document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) {
        return;
    }
    const source = document.getElementById(button.dataset.copy);
    const text = source.value ?? source.textContent;
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // Without HTTPS there is no clipboard to write to: leave it selected for the keyboard.
        if (source.select) {
            source.select();
        } else {
            window.getSelection().selectAllChildren(source);
        }
    }
    button.classList.add("copied");
});

// Filters that act at once: data-submit on a control sends its form.
document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) {
        event.target.form.requestSubmit();
    }
});
