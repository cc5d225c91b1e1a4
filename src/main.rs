//! Mounts the app; nothing else.

fn main() {
    portcullis::start();
}
