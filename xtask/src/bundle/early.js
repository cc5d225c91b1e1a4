// Runs before the first paint, within the element of the app, in front of what the build has drawn there: the default
// deployment. Until the page has started nothing there can be used; and whoever has a deployment of their own, in the address
// or kept, is not shown another one in its place.
{
    const app = document.getElementById("app");
    app.setAttribute("inert", "");
    let own = location.hash.length > 1;
    try {
        own = own || localStorage.getItem("portcullis.deployment") !== null;
    } catch {}
    if (own) app.setAttribute("hidden", "");
}
