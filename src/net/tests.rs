//! What is read, what is refused and with which words.

use super::*;

fn refused(text: &str) -> String {
    Address::parse(text).expect_err(text).to_string()
}

#[test]
fn addresses_print_canonically() {
    for (text, canonical) in [
        ("10.0.0.1", "10.0.0.1"),
        (" 10.0.0.1 ", "10.0.0.1"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"),
        ("10.0.0.1-10.0.0.1", "10.0.0.1"),
        ("2001:DB8:0:0::5", "2001:db8::5"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("2001:db8::5/128", "2001:db8::5"),
        ("DB.Example.Test.", "db.example.test"),
        ("sf-node_1", "sf-node_1"),
    ] {
        assert_eq!(Address::parse(text).expect(text).to_string(), canonical);
    }
}

#[test]
fn sloppy_addresses_are_refused_with_what_was_meant() {
    for (text, meant) in [
        ("010.0.0.1", "10.0.0.1"),
        ("10.1", "10.0.0.1 (a machine) or 10.1.0.0/16 (a network)"),
        ("0x0a000001", "10.0.0.1"),
        ("167772161", "10.0.0.1"),
        ("10.0.0.5/8", "10.0.0.0/8 (the network) or 10.0.0.5 (the machine)"),
        ("10.0.0.9-10.0.0.5", "10.0.0.5-10.0.0.9"),
        ("10.0.0.5-9", "10.0.0.5-10.0.0.9"),
        ("10.1.0.0/255.255.0.0", "10.1.0.0/16"),
        ("10.1.*", "10.1.0.0/16"),
        ("10.0.0.1:443", "10.0.0.1"),
        ("[2001:db8::5]:443", "2001:db8::5"),
        ("https://db.example.test/x", "db.example.test"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("0.0.0.0", "any"),
        ("0.0.0.0/0", "any"),
        ("::/0", "any"),
        ("010.0.0.0/8", "10.0.0.0/8"),
    ] {
        assert!(refused(text).ends_with(&format!("Did you mean {meant}?")), "{text}: {}", refused(text));
    }
}

#[test]
fn addresses_that_are_no_peer_are_refused() {
    for text in [
        "",
        "127.0.0.1",
        "::1",
        "localhost",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
        "fe80::1%eth0",
        "10.0.0.256",
        "1.2.3.4.5",
        "a b",
        "-x",
        "x-.y",
        "a..b",
        "name.123",
        "$(reboot)",
        "`x`",
        "10.0.0.1/33",
        "10.0.0.0/08",
        "10.0.0.0/",
        "/8",
        "10.0.0.1-2001:db8::1",
        "\u{661}0.0.0.1",
        "10.0.0.1\u{0}",
    ] {
        let _ = refused(text);
    }
}

#[test]
fn ports_are_plain_numbers() {
    assert_eq!(Port::parse(" 443 ").expect("443").number(), 443);
    assert_eq!(Port::parse("65535").expect("65535").number(), 65535);
    for (text, meant) in [("1e3", "1000"), ("0443", "443"), ("443/tcp", "443"), ("+80", "80"), ("tcp 9443", "9443")] {
        let refusal = Port::parse(text).expect_err(text);
        assert_eq!(refusal.meant.as_deref(), Some(meant), "{text}");
    }
    for text in ["", "0", "00", "65536", "99999999999999999999", "abc", "-"] {
        assert!(Port::parse(text).is_err(), "{text}");
    }
}

#[test]
fn reversed_ranges_say_the_right_way_round() {
    let refusal = PortRange::parse("9610-9600").expect_err("reversed");
    assert_eq!(refusal.meant.as_deref(), Some("9600-9610"));
    assert_eq!(PortRange::parse("9600-9610").expect("range").to_string(), "9600-9610");
    assert_eq!(PortRange::parse("9600-9600").expect("one").to_string(), "9600");
}

#[test]
fn lists_take_any_separator_and_keep_what_is_good() {
    let (good, refused) = parse_list("10.0.0.1, 10.0.0.2;10.0.0.3\r\n10.0.0.1\t010.0.0.9  2001:db8::1", Address::parse);
    let good: Vec<String> = good.iter().map(ToString::to_string).collect();
    assert_eq!(good, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1"]);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].text, "010.0.0.9");
}

#[test]
fn starting_ranges_never_pass_the_last_port() {
    let port = Port::new(65534).expect("port");
    assert_eq!(PortRange::starting(port, 4).to_string(), "65534-65535");
    assert_eq!(PortRange::starting(port, 0).to_string(), "65534");
}

#[test]
fn the_ends_of_a_range_may_stand_apart() {
    for (text, read, count) in [
        ("10.0.0.1 - 10.0.0.9", "10.0.0.1-10.0.0.9", 0),
        ("10.0.0.7,10.0.0.1 – 10.0.0.3; 10.0.0.9", "10.0.0.7, 10.0.0.1-10.0.0.3, 10.0.0.9", 0),
        ("2001:db8::1 - 2001:db8::9", "2001:db8::1-2001:db8::9", 0),
        ("10.0.0.1 -", "10.0.0.1", 1),
        ("10.0.0.1 - db.example.test", "10.0.0.1, db.example.test", 1),
        ("one - two", "one, two", 1),
    ] {
        let (addresses, refused) = Addresses::parse(text);
        assert_eq!((addresses.to_string().as_str(), refused.len()), (read, count), "{text}");
    }
}
