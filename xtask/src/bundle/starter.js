// Unpacks the WebAssembly that stands in the page, and starts it. Requests nothing: the page's policy would refuse.
(async () => {
    try {
        const packed = atob(document.getElementById("portcullis-wasm").textContent);
        const stream = new Blob([Uint8Array.from(packed, (char) => char.charCodeAt(0))])
            .stream()
            .pipeThrough(new DecompressionStream("gzip"));
        const bytes = await new Response(stream).arrayBuffer();
        // Only now, when there is no current script: the glue would ask for its address, which in a frame made by
        // `srcdoc` is an error.
        /* GLUE */
        await wasm_bindgen({ module_or_path: bytes });
    } catch (error) {
        console.error(error);
        const message = document.getElementById("start-error");
        message.hidden = false;
        message.append(" (" + error + ")");
    }
})();
