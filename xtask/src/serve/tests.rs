//! What is served, and what is not.

use super::*;

#[test]
fn only_files_of_the_folder_are_served() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let status = |request: &str| response(request, &dist).status;
    assert_eq!(status("GET /serve.rs HTTP/1.1"), "200 OK");
    assert_eq!(status("HEAD /serve.rs?x=1 HTTP/1.1"), "200 OK");
    for path in ["/", "/nothing", "/../Cargo.toml", "/serve/tests.rs", "/..", "//etc/hosts", "serve.rs"] {
        assert_eq!(status(&format!("GET {path} HTTP/1.1")), "404 Not Found", "{path}");
    }
    assert_eq!(status("POST /serve.rs HTTP/1.1"), "405 Method Not Allowed");
    assert_eq!(status(""), "405 Method Not Allowed");
}

#[test]
fn a_request_is_answered_whole() {
    let listener = listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        answer(listener.accept().unwrap().0, &dist)
    });
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /serve.rs HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    server.join().unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(answer.ends_with(include_str!("../serve.rs")));
}
