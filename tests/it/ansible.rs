//! scratch
use crate::scenarios;
#[test]
fn dump() {
    use portcullis::{flow::flows, net::Direction, pack, snippet::Context};
    let catalog = &*scenarios::CATALOG;
    let deployment = scenarios::default();
    let context =
        Context { product: catalog.product, release: deployment.release, catalog: catalog.version, fragment: "" };
    let files = pack::files(catalog, &deployment, &flows(catalog, &deployment), &Direction::ALL, &context).unwrap();
    for (path, text) in files {
        let path = std::path::Path::new("/tmp/w/ansible-try").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
