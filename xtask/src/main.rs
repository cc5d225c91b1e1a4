//! The automation of Portcullis, one subcommand each: `cargo xtask help` lists them. Never part of the page, and never
//! listens on anything but loopback.

mod bundle;
mod check;
mod load;
mod package;
mod page;
mod places;
mod serve;
mod shell;
mod size;
mod strip;
mod system;
mod tools;

use std::path::Path;
use std::process::ExitCode;

use places::Places;

/// What every step of the automation returns: a value, or one sentence for the person at the terminal.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
cargo xtask <command>

  serve [--port N]  install what is missing, build, and serve the page on this machine (port 8080, or the next free one)
  build             write the page: dist/index.html, the same bytes as dist/portcullis.html, and the catalog
  package [--out FOLDER]
                    build, and write what is handed to others: the file, an archive, headers for web servers, licences,
                    checksums (target/package)
  test              check everything; as root on Debian or Ubuntu install what the checks need
  prove             test, then every suite again with many more cases, the page in Firefox and WebKit too, and the package
                    once more from another folder
  size              build, print the size of every part, and fail over budget
  bench             build, then run the benchmarks
  bench load [--also ADDRESS-OR-FOLDER[,SELECTOR]...]
                    only that of loading the page on a slow line, beside other pages; a selector says what is there when one
                    of them answers
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[&str]) -> Result {
    let places = Places::find()?;
    match args {
        ["serve"] => serve::serve(&places, None),
        ["serve", "--port", port] => {
            let port = port.parse().map_err(|_| format!("`{port}` is not a port"))?;
            serve::serve(&places, Some(port))
        }
        ["build"] => page::build(&places, &places.dist).map(drop),
        // The post-build hook of Trunk.toml.
        ["build", "--for-trunk"] => page::build_for_trunk(&places),
        ["package"] => package::package(&places, &places.package),
        ["package", "--out", folder] => package::package(&places, Path::new(folder)),
        ["test"] => check::test(&places),
        ["prove"] => check::prove(&places),
        ["size"] => {
            let page = page::build(&places, &places.dist)?;
            size::report(&page, size::Limit::Budget)
        }
        ["bench"] => check::bench(&places, false, &[]),
        ["bench", "load"] => check::bench(&places, true, &[]),
        ["bench", "load", "--also", also @ ..] => check::bench(&places, true, also),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown: {}\n\n{HELP}", other.join(" ")).into()),
    }
}
