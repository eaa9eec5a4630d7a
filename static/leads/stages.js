// Back on the button that was pressed. By now the page is shown for sure, and what is hidden can't take the focus.
window.addEventListener("load", () => {
    document.querySelector(".stage-row [autofocus]")?.focus();
});
