//! Law 5: what is printed can be read again and means the same, whatever is typed is answered, and never by a panic.
//! Knows what a firewall may not be told; names no deployment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use portcullis::net::{Address, Addresses, Port, PortRange, parse_list};
use proptest::prelude::*;

use crate::allowed::{ports, span};
use crate::arbitrary::config;

fn ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        any::<u32>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | u128::from(bits)))),
    ]
}

/// Two addresses of one family, the lower first.
fn pair() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    let pair = prop_oneof![
        any::<[u32; 2]>().prop_map(|bits| bits.map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))),
        any::<[u128; 2]>().prop_map(|bits| bits.map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))),
    ];
    pair.prop_map(|[a, b]| (a.min(b), a.max(b)))
}

/// Two addresses with few between them, often at the edge of a network.
fn near_pair() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    let v4 = (any::<u32>(), 0_u32..600).prop_map(|(bits, more)| {
        let edge = if bits % 3 == 0 { bits & !0xff } else { bits };
        (Ipv4Addr::from_bits(edge).into(), Ipv4Addr::from_bits(edge.saturating_add(more)).into())
    });
    let v6 = (any::<u128>(), 0_u128..600, 0_u32..120).prop_map(|(bits, more, shift)| {
        let (low, high) = (bits >> shift << shift, (bits >> shift << shift).saturating_add(more << shift));
        (Ipv6Addr::from_bits(low).into(), Ipv6Addr::from_bits(high.max(low)).into())
    });
    prop_oneof![v4, v6]
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// The least number of networks that make up a range: halve the whole space until each half is in or out.
fn fewest(low: u128, high: u128, bits: u32) -> usize {
    fn within(low: u128, high: u128, first: u128, last: u128) -> usize {
        if high < first || last < low {
            return 0;
        }
        if low <= first && last <= high {
            return 1;
        }
        let middle = first + (last - first) / 2;
        within(low, high, first, middle) + within(low, high, middle + 1, last)
    }
    within(low, high, 0, u128::MAX >> (128 - bits))
}

/// True for what no other machine is: itself, everyone, many, or IPv4 in disguise.
fn nobody(ip: IpAddr) -> bool {
    let disguised = matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some());
    ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) || disguised
}

/// The first address of the network that this one is in.
fn first(ip: IpAddr, length: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() >> (32 - length) << (32 - length)).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> (128 - length) << (128 - length)).into(),
    }
}

/// Text near enough to an address or port to reach every branch of a reader.
fn near() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9a-fx.:/%\\-\\[\\]]{0,24}",
        "[0-9]{1,4}(\\.[0-9]{1,4}){0,5}(/[0-9]{0,4}|-[0-9.]{0,12}|:[0-9]{0,6})?",
        "[0-9a-f]{0,4}(:[0-9a-f]{0,4}){0,9}(/[0-9]{0,4}|%[a-z]{0,3})?",
        "(https?://)?[a-z0-9_-]{0,8}(\\.[a-z0-9*-]{0,8}){0,4}(:[0-9]{0,6})?(/.{0,8})?",
        "[0-9]{0,6}[-–:][0-9]{0,6}",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8 * config().cases, ..config() })]

    #[test]
    fn a_printed_host_is_read_as_itself_or_is_nobody(ip in ip()) {
        match Address::parse(&ip.to_string()) {
            Ok(read) => prop_assert_eq!(read, Address::Host(ip)),
            Err(refusal) => prop_assert!(nobody(ip), "{ip}: {refusal}"),
        }
    }

    #[test]
    fn a_printed_prefix_is_read_as_itself(ip in ip(), length in 1_u8..128) {
        let length = if ip.is_ipv4() { 1 + length % 31 } else { length };
        let prefix = Address::Prefix(first(ip, length), length);
        match Address::parse(&prefix.to_string()) {
            Ok(read) => {
                prop_assert_eq!(&read, &prefix);
                prop_assert!(span(&read.to_string()).is_some());
            }
            Err(refusal) => prop_assert!(nobody(first(ip, length)), "{prefix}: {refusal}"),
        }
    }

    #[test]
    fn host_bits_in_a_prefix_are_refused_with_the_network_and_the_host(ip in ip(), length in 1_u8..128) {
        let length = if ip.is_ipv4() { 1 + length % 31 } else { length };
        prop_assume!(first(ip, length) != ip);
        let refusal = Address::parse(&format!("{ip}/{length}")).expect_err("host bits");
        let meant = refusal.meant.unwrap_or_default();
        for one in [format!("{}/{length}", first(ip, length)), ip.to_string()] {
            prop_assert_eq!(meant.contains(&one), Address::parse(&one).is_ok(), "{}: {}", one, &meant);
        }
    }

    #[test]
    fn a_printed_range_is_read_as_itself((low, high) in pair()) {
        prop_assume!(low != high);
        match Address::parse(&format!("{low}-{high}")) {
            Ok(read) => {
                prop_assert_eq!(read.to_string(), format!("{low}-{high}"));
                prop_assert_eq!(read, Address::Range(low, high));
            }
            Err(refusal) => prop_assert!(nobody(low) || nobody(high), "{refusal}"),
        }
        let backwards = format!("{high}-{low}");
        prop_assert!(Address::parse(&backwards).is_err());
    }

    #[test]
    fn a_range_becomes_exactly_its_prefixes_and_as_few_as_can_be((low, high) in prop_oneof![pair(), near_pair()]) {
        let pieces = if low == high { Address::Host(low) } else { Address::Range(low, high) }.prefixes();
        let bits = if low.is_ipv4() { 32 } else { 128 };
        let mut next = Some(number(low));
        for piece in &pieces {
            // In order, one after the other, without a gap and without an overlap.
            let (first, length) = match piece {
                Address::Host(ip) => (*ip, bits),
                Address::Prefix(ip, length) => (*ip, u32::from(*length)),
                other => panic!("{other} is no prefix"),
            };
            prop_assert_eq!(first.is_ipv4(), low.is_ipv4(), "another family");
            prop_assert_eq!(Some(number(first)), next, "{}-{}: {:?}", low, high, &pieces);
            let size = 1_u128.checked_shl(bits - length);
            prop_assert!(size.is_none_or(|size| number(first).is_multiple_of(size)), "host bits: {piece}");
            next = size.and_then(|size| number(first).checked_add(size));
            prop_assert!(next.is_none_or(|next| next - 1 <= number(high)), "{low}-{high}: {piece} reaches further");
        }
        prop_assert!(next.is_none_or(|next| next - 1 == number(high)), "{low}-{high} is not covered");
        prop_assert_eq!(pieces.len(), fewest(number(low), number(high), bits), "{}-{}: {:?}", low, high, &pieces);
    }

    #[test]
    fn a_printed_port_or_range_is_read_as_itself(a in 1..=u16::MAX, b in 1..=u16::MAX) {
        let [low, high] = [a.min(b), a.max(b)].map(|number| Port::new(number).expect("not 0"));
        prop_assert_eq!(Port::parse(&low.to_string()), Ok(low));
        let range = PortRange::new(low, high).expect("ordered");
        prop_assert_eq!(PortRange::parse(&range.to_string()), Ok(range));
        prop_assert_eq!(ports(&range.to_string()), Some((low.number(), high.number())));
        prop_assert_eq!(PortRange::parse(&format!("{high}-{low}")).is_ok(), low == high);
    }

    #[test]
    fn whatever_is_typed_is_read_canonically_or_refused_in_a_sentence(text in near()) {
        match Address::parse(&text) {
            Ok(read) => {
                let printed = read.to_string();
                prop_assert_eq!(Address::parse(&printed), Ok(read.clone()), "{}", text);
                prop_assert_eq!(span(&printed).is_none(), matches!(read, Address::Name(_)), "{} is printed {}", text, printed);
                prop_assert!(printed.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b)), "{printed}");
            }
            Err(refusal) => prop_assert!(refusal.reason.ends_with('.'), "{}", refusal),
        }
        match PortRange::parse(&text) {
            Ok(read) => prop_assert_eq!(PortRange::parse(&read.to_string()), Ok(read)),
            Err(refusal) => prop_assert!(refusal.reason.ends_with('.'), "{}", refusal),
        }
    }

    #[test]
    fn what_was_probably_meant_would_be_accepted(text in near()) {
        let suggestion = |refusal: portcullis::net::Refusal| refusal.meant;
        if let Some(meant) = Address::parse(&text).err().and_then(suggestion) {
            for one in meant.split(" or ").map(|one| one.split(" (").next().unwrap_or(one)) {
                let fine = one == "any" || Address::parse(one).is_ok() || nobody_text(one);
                prop_assert!(fine, "{text}: {meant}: {:?}", Address::parse(one));
            }
        }
        if let Some(meant) = Port::parse(&text).err().and_then(suggestion) {
            prop_assert!(Port::parse(&meant).is_ok(), "{text}: {meant}");
        }
        if let Some(meant) = PortRange::parse(&text).err().and_then(suggestion) {
            prop_assert!(PortRange::parse(&meant).is_ok(), "{text}: {meant}");
        }
    }

    #[test]
    fn one_bad_piece_never_spoils_a_list(pieces in prop::collection::vec(near(), 0..6)) {
        let (good, refused) = parse_list(&pieces.join(" ; \n"), Address::parse);
        let text = Addresses::known(good.clone()).to_string();
        prop_assert_eq!(parse_list(&text, Address::parse), (good.clone(), Vec::new()));
        if !good.iter().any(|address| address.to_string() == "any") {
            prop_assert_eq!(Addresses::parse(&text), (Addresses::known(good), Vec::new()));
        }
        prop_assert!(refused.iter().all(|refused| refused.text.chars().count() <= 61));
    }
}

/// True if a text is an address that is refused only because no other machine has it.
fn nobody_text(text: &str) -> bool {
    let host = text.split(['/', '-']).next().unwrap_or(text);
    host.parse::<IpAddr>().is_ok_and(|ip| nobody(ip) || ip.is_loopback())
}

#[test]
fn the_longest_ranges_have_as_many_prefixes_as_they_must() {
    for (range, count) in [
        ("0.0.0.1-255.255.255.254", 62),
        ("0.0.0.0-255.255.255.255", 1),
        ("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 254),
        ("192.0.2.1-192.0.2.1", 1),
        ("192.0.2.0-192.0.2.255", 1),
        ("192.0.2.255-192.0.3.0", 2),
    ] {
        let (low, high) = range.split_once('-').expect("a range");
        let [low, high]: [IpAddr; 2] = [low, high].map(|ip| ip.parse().expect("an address"));
        assert_eq!(Address::Range(low, high).prefixes().len(), count, "{range}");
    }
}

#[test]
fn everyone_is_a_word_of_its_own() {
    assert_eq!(Addresses::parse(" Any "), (Addresses::Any, Vec::new()));
    assert_eq!(Addresses::parse(""), (Addresses::Missing, Vec::new()));
    let (mixed, refused) = Addresses::parse("any, 192.0.2.1");
    assert_eq!((mixed.to_string().as_str(), refused.len()), ("192.0.2.1", 1));
    let (alone, refused) = Addresses::parse("any any.");
    assert_eq!((alone, refused.len()), (Addresses::Missing, 1), "everyone must be said alone");
}

#[test]
fn a_very_long_text_is_refused_like_any_other() {
    for piece in [":1", "/1", "::", "1.", "-", "https://", "[", "%a:"] {
        let text = piece.repeat(100_000);
        assert!(Address::parse(&text).is_err(), "{piece}");
        assert!(PortRange::parse(&text).is_err(), "{piece}");
    }
}
