// Unpacks the WebAssembly that stands behind this in the page, each piece as soon as it has come, and starts it when all are
// there. Requests nothing: the page's policy would refuse.
{
    // A page that has failed says so, and gives the deployment back. What failed with words of its own has done both.
    const fail = (error) => {
        const message = document.getElementById("start-error");
        if (!message.hidden) return;
        const app = document.getElementById("app");
        if (app.hasAttribute("inert")) {
            // Not started: what is drawn can at least be read and selected, unless it would be taken for one's own; and so can
            // what stands there for those without scripts.
            app.removeAttribute("inert");
            app.insertAdjacentHTML("afterend", document.getElementById("ports").textContent);
            message.append(" What stands below is the default deployment.");
        }
        let kept = location.hash;
        try {
            kept = kept || "#" + (localStorage.getItem("portcullis.deployment") ?? "");
        } catch {}
        message.hidden = false;
        message.append(" (" + error + ")", kept.length > 1 ? " Your deployment: " + kept : "");
    };
    // WebKit tells a file nothing about the errors of its own scripts, and no others are there.
    addEventListener("error", ({ error, message }) => {
        const unnamed = location.protocol === "file:" && message === "Script error.";
        if (unnamed || error instanceof WebAssembly.RuntimeError) fail(error ?? message);
    });
    /* UNPACK */
    /* JOIN */
    // Called behind each piece. What comes before the first answer is painted waits for that. A damaged piece is told at the
    // end, once.
    let waiting = "";
    let unpacking;
    const go = () => {
        if (unpacking) unpacking(waiting);
        else unpacking = unpack(waiting);
        waiting = "";
    };
    let painted = false;
    requestAnimationFrame(() => setTimeout(() => (painted = true)));
    window.piece = () => {
        try {
            waiting += atob(document.currentScript.previousSibling.textContent);
            if (painted) go();
        } catch {}
    };
    // Also where the page was cut off on its way.
    addEventListener("DOMContentLoaded", async () => {
        try {
            go();
            const bytes = join(unpacking());
            /* GLUE */
            await wasm_bindgen(bytes);
        } catch (error) {
            console.error(error);
            fail(error);
        }
    });
}
