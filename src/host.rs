//! What every machine needs besides the product: somebody who may manage it, and the outgoing traffic it lives on. Rows of
//! standard numbers, the same for any product; knows no firewall and no address.

use crate::net::{Protocol, System};

/// Something outside that machines rely on.
pub struct Service {
    /// Identifier, for links.
    pub id: &'static str,
    /// Who answers, as on the page.
    pub name: &'static str,
    /// Why.
    pub purpose: &'static str,
    /// How it is reached.
    pub ports: &'static [Ports],
}

/// One way to reach somebody.
pub struct Ports {
    /// Transport protocol.
    pub protocol: Protocol,
    /// First and last port, both included.
    pub range: (u16, u16),
    /// The only system that uses it, if not both do.
    pub only: Option<System>,
}

const fn tcp(first: u16, last: u16) -> Ports {
    Ports { protocol: Protocol::Tcp, range: (first, last), only: None }
}

const fn udp(port: u16) -> Ports {
    Ports { protocol: Protocol::Udp, range: (port, port), only: None }
}

const fn windows(first: u16, last: u16) -> Ports {
    Ports { protocol: Protocol::Tcp, range: (first, last), only: Some(System::Windows) }
}

/// What a machine opens connections to by itself (IANA's registry of port numbers; the directory's are Microsoft's for domain
/// members, "How to configure a firewall for Active Directory domains and trusts").
pub static BASE: [Service; 4] = [
    Service { id: "dns", name: "DNS servers", purpose: "Names", ports: &[udp(53), tcp(53, 53)] },
    Service { id: "ntp", name: "Time servers", purpose: "Clock", ports: &[udp(123)] },
    Service { id: "updates", name: "Update servers", purpose: "Updates", ports: &[tcp(80, 80), tcp(443, 443)] },
    Service {
        id: "domain",
        name: "Domain controllers",
        purpose: "Sign-on",
        ports: &[
            tcp(88, 88),
            udp(88),
            tcp(389, 389),
            udp(389),
            tcp(464, 464),
            udp(464),
            tcp(636, 636),
            tcp(3268, 3269),
            windows(135, 135),
            windows(445, 445),
            windows(49152, 65535),
        ],
    },
];

/// Who may manage the machines, as on the page.
pub const MANAGEMENT: &str = "Management";

/// SSH; the number is the user's to change.
static SSH: [Ports; 1] = [tcp(22, 22)];
/// Remote Desktop and WinRM.
static RDP_AND_WINRM: [Ports; 3] = [tcp(3389, 3389), udp(3389), tcp(5985, 5986)];

/// The ports on which a machine is managed.
pub const fn management(system: System) -> &'static [Ports] {
    match system {
        System::Linux => &SSH,
        System::Windows => &RDP_AND_WINRM,
    }
}

impl Ports {
    /// True if machines of that system use it.
    pub fn is_for(&self, system: System) -> bool {
        self.only.is_none_or(|only| only == system)
    }
}
