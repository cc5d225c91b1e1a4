// Runs before the page's own scripts: keeps what the monkey does inside the page, and lets its memory be measured.

// The page's memory, once it is there.
for (const name of ["instantiate", "instantiateStreaming"]) {
    const native = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
        const made = await native.apply(WebAssembly, given);
        window.pageMemory = (made.instance ?? made).exports.memory;
        return made;
    };
}
// Nothing is downloaded, opened or printed; what would have been is counted.
window.left = { downloads: 0, links: 0, prints: 0, copies: 0 };
window.print = () => { left.prints += 1; };
window.open = () => { left.links += 1; return null; };
URL.createObjectURL = () => "data:,monkey";
document.addEventListener("click", event => {
    const link = event.target.closest?.("a[href]");
    if (!link || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    left[link.hasAttribute("download") ? "downloads" : "links"] += 1;
}, true);
// Every third copy is refused, as a browser may.
const copied = async () => {
    if (left.copies++ % 3 === 2) throw new DOMException("refused", "NotAllowedError");
};
if (navigator.clipboard) Object.assign(navigator.clipboard, { writeText: copied, write: copied });
// What the page does after some seconds it does at once, so that nothing is left over when its memory is measured.
const later = window.setTimeout;
window.setTimeout = (what, time, ...given) => later(what, Math.min(time ?? 0, 20), ...given);
