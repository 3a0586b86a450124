//! Which addresses a message may be sent to. Somebody who may make a watch must not be able to ask the host's own services or
//! a private network through it (server-side request forgery): the address is looked at when the watch is made, and what its
//! name resolves to at each try, on the very addresses that are then asked.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::{Host, Url};

/// Why an address is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address of a receiver.
    #[error("{0:?} is no address that messages can be posted to; give one that begins with http:// or https://")]
    Unreadable(String),
    /// With a name and a password in it.
    #[error("an address with a user name or a password in it is not taken: it would be shown in lists and logs")]
    Credentials,
    /// Of the host itself or a private network.
    #[error(
        "{0} is this machine's or of a private or special network; an operator can allow it with track.allow_networks"
    )]
    Private(IpAddr),
}

/// Knows which networks may be asked beside the public ones.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

impl Guard {
    /// `allowed` are networks that may be asked although they are not public.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Looks at an address as it is written. A name is looked at when it is resolved.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let unreadable = || AddressError::Unreadable(address.to_owned());
        let url = Url::parse(address).map_err(|_| unreadable())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unreadable());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        match url.host().ok_or_else(unreadable)? {
            Host::Domain(_) => Ok(()),
            Host::Ipv4(ip) => self.check(ip.into()),
            Host::Ipv6(ip) => self.check(ip.into()),
        }
    }

    /// Whether a resolved address may be asked.
    ///
    /// # Errors
    /// When it may not.
    pub fn check(&self, ip: IpAddr) -> Result<(), AddressError> {
        let ip = ip.to_canonical();
        match is_public(ip) || self.allowed.iter().any(|network| network.contains(&ip)) {
            true => Ok(()),
            false => Err(AddressError::Private(ip)),
        }
    }
}

/// Whether an address is of the public internet, by the IANA's registries of special-purpose addresses.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99);
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, _, _, g, h] = ip.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match a {
        // Global unicast, but for documentation, benchmarks, Teredo and other protocols, and 6to4 by what is inside.
        0x2001 if b < 0x200 || b == 0xdb8 => false,
        0x2002 => is_public_v4(embedded(b, c)),
        0x3fff if b < 0x1000 => false,
        0x2000..=0x3fff => true,
        // Translated addresses, by what is inside.
        0x64 if (b, c, d) == (0xff9b, 0, 0) => is_public_v4(embedded(g, h)),
        _ => false,
    }
}

/// Resolves a name, and refuses it when any of its addresses may not be asked. What is checked here is what is connected to.
pub struct Checked {
    guard: Guard,
    resolver: DefaultResolver,
}

impl Checked {
    /// A resolver behind a guard.
    pub fn new(guard: Guard) -> Self {
        Self {
            guard,
            resolver: DefaultResolver::default(),
        }
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked").field("guard", &self.guard).finish()
    }
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.resolver.resolve(uri, config, timeout)?;
        for address in found.iter().map(SocketAddr::ip) {
            self.guard
                .check(address)
                .map_err(|refused| ureq::Error::Other(Box::new(refused)))?;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_asked() {
        let guard = Guard::default();
        let ask = |ip: &str| guard.check(ip.parse().unwrap()).is_ok();
        for public in [
            "8.8.8.8",
            "193.0.6.139",
            "2606:4700::1111",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(ask(public), "{public}");
        }
        for special in [
            "127.0.0.1",
            "127.8.9.1",
            "10.0.0.1",
            "172.16.5.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "::127.0.0.1",
            "fec0::1",
            "3fff::1",
        ] {
            assert!(!ask(special), "{special}");
        }
    }

    #[test]
    fn an_operator_may_allow_a_network() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert_eq!(guard.check_address("http://127.0.0.1:9/in"), Ok(()));
        assert_eq!(guard.check_address("http://[::ffff:127.0.0.1]/in"), Ok(()));
        assert!(guard.check_address("http://10.0.0.1/in").is_err());
    }

    #[test]
    fn addresses_are_read_as_a_browser_reads_them() {
        let guard = Guard::default();
        for private in [
            "http://0x7f.1/",
            "http://2130706433/",
            "http://127.1/",
            "http://[::1]:80/",
            "https://017700000001/",
        ] {
            assert!(
                matches!(guard.check_address(private), Err(AddressError::Private(_))),
                "{private}"
            );
        }
        for wrong in [
            "",
            "example.org",
            "file:///etc/passwd",
            "gopher://example.org/",
            "http://",
        ] {
            assert!(
                matches!(guard.check_address(wrong), Err(AddressError::Unreadable(_))),
                "{wrong}"
            );
        }
        assert_eq!(
            guard.check_address("https://me:secret@example.org/"),
            Err(AddressError::Credentials)
        );
        assert_eq!(guard.check_address("https://example.org/in?desk=1"), Ok(()));
    }
}
