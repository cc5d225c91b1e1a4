//! Makes the page: compiles the app, runs wasm-bindgen and wasm-opt over it, has it draw its first answer natively, and has
//! everything bundled into one file.
//! Leaves no path of this machine in what is published, and fails rather than publish one.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::bundle::{self, Parts};
use crate::places::{Places, read, write};
use crate::shell::{cargo, output, run, rustc};
use crate::strip;
use crate::tools::{self, WASM_TARGET, say};

/// The page, under the name that hosts look for and the name that people save.
const NAMES: [&str; 2] = ["index.html", "portcullis.html"];

/// What stands beside the page, and where it comes from.
const COPIES: [(&str, &str); 2] =
    [("src/catalog/spotfire.json", "catalog.json"), ("docs/catalog.schema.json", "catalog.schema.json")];

/// For size. Functions of one family side by side, and not inlined into their one caller, compress 2 % better; so does what is
/// computed again where it is needed, and kept in locals as it comes. No feature flags: the module declares its own, and "all" makes one that Chromium cannot
/// load. Nothing that rests on an assumption (`--low-memory-unused`, `--traps-never-happen`), for 1 % more.
const WASM_OPT_FLAGS: [&str; 12] = [
    "-Oz",
    "--skip-pass=local-cse",
    "--skip-pass=memory-packing",
    "--skip-pass=simplify-locals",
    "--skip-pass=merge-locals",
    "--one-caller-inline-max-function-size=0",
    "--always-inline-max-function-size=4",
    // Once more, with what only this has shown to be unused.
    "--dae-optimizing",
    "--rse",
    "-Oz",
    "--reorder-functions-by-name",
    "--strip-target-features",
];

/// Builds into `dist`, which then holds nothing else, and returns the page.
pub fn build(places: &Places, dist: &Path) -> Result<String> {
    let page = page(places)?;
    if dist.exists() {
        fs::remove_dir_all(dist)?;
    }
    fs::create_dir_all(dist)?;
    for name in NAMES {
        write(&dist.join(name), page.as_bytes())?;
    }
    for (from, to) in COPIES {
        let from = places.root.join(from);
        if from.is_file() {
            write(&dist.join(to), read(&from)?.as_bytes())?;
        }
    }
    say(&format!("built {} ({} bytes)", dist.join(NAMES[0]).display(), page.len()));
    Ok(page)
}

/// Trunk's post-build hook: a release build of Trunk's is replaced by ours, a debug build (`trunk serve`) is Trunk's own.
pub fn build_for_trunk(places: &Places) -> Result {
    if env::var("TRUNK_PROFILE").is_ok_and(|profile| profile != "release") {
        return Ok(());
    }
    let staging = env::var_os("TRUNK_STAGING_DIR").ok_or("only Trunk's hook calls this")?;
    build(places, Path::new(&staging)).map(drop)
}

fn page(places: &Places) -> Result<String> {
    tools::wasm_target()?;
    let wasm_bindgen = tools::wasm_bindgen(places)?;
    let wasm_opt = tools::wasm_opt(places);

    // Beside the other compilation, which mostly has one processor to itself.
    let still = places.page_target.join("still");
    fs::create_dir_all(&still)?;
    let mut prerender = prerender(places, &still);
    let mut prerendering = prerender.spawn()?;
    let compiled = compile(places);
    let prerendered = prerendering.wait()?.success();
    let compiled = compiled?;
    if !prerendered {
        return Err("the first answer of the page could not be drawn".into());
    }
    let out = places.page_target.join("bindgen");
    let mut bind = Command::new(wasm_bindgen);
    bind.args("--target no-modules --no-typescript --remove-producers-section".split(' '))
        .args(["--out-name", "portcullis", "--out-dir"])
        .args([&out, &compiled]);
    if wasm_opt.is_none() {
        // wasm-opt takes the names out itself, once it has sorted by them.
        bind.arg("--remove-name-section");
    }
    run(&mut bind)?;
    let mut wasm = out.join("portcullis_bg.wasm");
    if let Some(mut wasm_opt) = wasm_opt {
        let optimized = out.join("optimized.wasm");
        run(wasm_opt.args(WASM_OPT_FLAGS).arg(&wasm).arg("-o").arg(&optimized))?;
        wasm = optimized;
    }
    let wasm = fs::read(wasm)?;
    refuse_paths(places, "the WebAssembly", &wasm)?;

    let template = read(&places.root.join("index.html"))?;
    let mut css = String::new();
    for href in bundle::styles(&template)? {
        css.push_str(&read(&places.root.join(href))?);
        css.push('\n');
    }
    let glue = strip::loader(&read(&out.join("portcullis.js"))?).ok_or("the glue is not what wasm-bindgen writes")?;
    let (glue, wasm) = strip::shorten(&glue, &wasm)?;
    let (answer, ports) = (read(&still.join("answer.html"))?, read(&still.join("ports.html"))?);
    bundle::page(&Parts { template: &template, css: &css, glue: &glue, wasm: &wasm, answer: &answer, ports: &ports })
}

/// Draws what the page shows before its code has started. Compiled as the tests are, so that nothing is compiled twice.
fn prerender(places: &Places, folder: &Path) -> Command {
    let mut command = cargo();
    command.current_dir(&places.root).args(["run", "--quiet", "--locked", "--package", "prerender", "--"]).arg(folder);
    command
}

/// For size as it is sent. What LLVM does for speed (running pointers and sums kept beside each other in loops, constants
/// moved out of them, partly redundant work moved to where it is not) makes every loop and branch its own: left as written
/// they compress 1.8 % better.
const LLVM_FLAGS: &str = "-Cllvm-args=-disable-lsr -disable-machine-licm -enable-pre=0";

/// Compiles the app and returns the module.
fn compile(places: &Places) -> Result<PathBuf> {
    // Before the folders of its sources are listed, they have to be there.
    run(cargo().current_dir(&places.root).args(["fetch", "--quiet", "--locked", "--target", WASM_TARGET]))?;
    run(cargo()
        .current_dir(&places.root)
        .args(["build", "--release", "--locked", "--package", "portcullis", "--bin", "portcullis"])
        .args(["--target", WASM_TARGET, "--target-dir"])
        .arg(&places.page_target)
        // Takes the place of the environment's own flags: the same sources make the same bytes for everyone.
        .env("CARGO_ENCODED_RUSTFLAGS", flags(places)?))?;
    let module = Path::new(WASM_TARGET).join("release").join("portcullis.wasm");
    Ok(places.page_target.join(module))
}

/// Compiler flags: those for size, and those that take the paths of this machine out of panic messages; separated as cargo
/// wants them.
fn flags(places: &Places) -> Result<OsString> {
    let (sysroot, commit) = toolchain()?;
    let standard_library = sysroot.join("lib").join("rustlib").join("src").join("rust");
    // The last one that fits counts, so the narrower ones come later.
    let mut names = vec![
        (places.root.clone(), "portcullis".to_owned()),
        (places.cargo_home.clone(), "cargo".to_owned()),
        (sysroot, "rust".to_owned()),
        // As in a toolchain without the sources of its library.
        (standard_library, format!("/rustc/{commit}")),
    ];
    // Their names tell which registry the crates came by; the bytes must not depend on it.
    if let Ok(registries) = fs::read_dir(places.cargo_home.join("registry").join("src")) {
        for registry in registries {
            names.push((registry?.path(), "crates".to_owned()));
        }
    }
    let mut flags = OsString::from(LLVM_FLAGS);
    for (path, name) in names {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(path);
        flags.push(format!("={name}"));
    }
    Ok(flags)
}

/// The folder of the toolchain, and the commit of its compiler.
fn toolchain() -> Result<(PathBuf, String)> {
    let sysroot = output(rustc().args(["--print", "sysroot"]))?;
    let version = output(rustc().arg("-vV"))?;
    let commit =
        version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).ok_or("rustc -vV names no commit")?;
    Ok((sysroot.into(), commit.to_owned()))
}

/// Fails if a path of this machine is left in what is published.
pub fn refuse_paths(places: &Places, name: &str, bytes: &[u8]) -> Result {
    let (sysroot, _) = toolchain()?;
    let home = env::home_dir().unwrap_or_default();
    for path in [&places.root, &places.cargo_home, &sysroot, &home] {
        let path = path.to_string_lossy();
        // The end of an XML element, `</root>`, is none.
        let begins = |at: usize| at == 0 || bytes[at - 1] != b'<';
        let mut places = bytes.windows(path.len().max(1)).enumerate();
        let found = places.any(|(at, here)| here == path.as_bytes() && begins(at));
        // A home of `/` (some containers) is no path to look for.
        if path.len() > 1 && found {
            return Err(format!("{name} holds a path of this machine: {path}").into());
        }
    }
    Ok(())
}
