//! Which names of sources are one outlet.
//!
//! In: the names under which a story's articles were published, with the articles' addresses. Out: for every name the outlet that it
//! stands for. A credit to agencies is no part of a name ([`credits`]). Two names in different scripts on one host are one outlet (`RT` and `روسيا اليوم`), as long as the host carries no
//! more than one name in each script: a portal that carries many outlets says nothing about who they are. Names in one script are
//! never taken for one.

use std::collections::{BTreeMap, BTreeSet};

use crate::story::credits;

/// Second-level names that are registered under by the public in many countries (`example.co.uk`).
const SHARED: [&str; 14] = [
    "ac", "co", "com", "edu", "gob", "gov", "gub", "info", "mil", "ne", "net", "nom", "or", "org",
];

/// The outlets of some names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlets<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Outlets<'a> {
    /// From names with the registrable hosts that they publish on, as far as those are known.
    pub fn of(named: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let mut outlets: BTreeMap<&str, &str> = BTreeMap::new();
        let mut hosts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, host) in named {
            let plain = credits::outlet(name);
            outlets.insert(plain, plain);
            if let Some(host) = host {
                hosts.entry(host).or_default().insert(plain);
            }
        }
        for names in hosts.into_values().filter(|names| names.len() > 1) {
            let scripts: BTreeSet<Option<u32>> = names.iter().map(|name| script(name)).collect();
            if scripts.len() < names.len() || scripts.contains(&None) {
                continue;
            }
            // All that any of them stood for is one outlet now, by the name that sorts first.
            let joined: BTreeSet<&str> = names.iter().filter_map(|name| outlets.get(name).copied()).collect();
            if let Some(first) = joined.first().copied() {
                for outlet in outlets.values_mut().filter(|outlet| joined.contains(*outlet)) {
                    *outlet = first;
                }
            }
        }
        Self(outlets)
    }

    /// The outlet that a name stands for: one of its names, without a credit.
    pub fn outlet<'b>(&'b self, name: &'b str) -> &'b str {
        let plain = credits::outlet(name);
        self.0.get(plain).copied().unwrap_or(plain)
    }

    /// How many outlets there are.
    pub fn count(&self) -> usize {
        self.0.values().collect::<BTreeSet<_>>().len()
    }
}

/// Whether there can be fewer outlets than names: where names in several scripts may be one by their addresses, or one has a credit.
pub fn may_be_fewer<'a>(names: impl IntoIterator<Item = &'a str>) -> bool {
    let mut scripts = BTreeSet::new();
    names.into_iter().any(|name| {
        scripts.extend(script(name));
        scripts.len() > 1 || credits::outlet(name) != name
    })
}

/// The script of a name: that of its first letter, roughly; none without a letter.
fn script(name: &str) -> Option<u32> {
    let first = name.chars().find(|c| c.is_alphabetic())?;
    Some(match u32::from(first) {
        // Latin with its additions, Greek, Cyrillic, Arabic with its presentation forms.
        0..=0x24f | 0x1e00..=0x1eff => 0,
        0x370..=0x3ff | 0x1f00..=0x1fff => 1,
        0x400..=0x52f => 2,
        0x600..=0x6ff | 0x750..=0x77f | 0x8a0..=0x8ff | 0xfb50..=0xfdff | 0xfe70..=0xfeff => 3,
        other => 16 + (other >> 8),
    })
}

/// The part of an address's host that somebody registered: `rt.com` of `https://arabic.rt.com/x`, `example.co.uk` of
/// `http://www.example.co.uk`. By a rule, not by the list of public suffixes: the last two labels, or three where the last one is a
/// country's and the one before it is registered under by the public. A number's host is itself.
pub fn registrable_host(url: &str) -> Option<String> {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    let authority = behind.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(six) => return six.split(']').next().map(str::to_ascii_lowercase),
        None => host.split(':').next()?.trim_matches('.').to_ascii_lowercase(),
    };
    if host.is_empty() {
        return None;
    }
    let labels: Vec<&str> = host.split('.').collect();
    let [.., second, last] = labels.as_slice() else {
        return Some(host);
    };
    if labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok()) {
        return Some(host);
    }
    let kept = if last.len() == 2 && SHARED.contains(second) {
        3
    } else {
        2
    };
    Some(labels.split_at(labels.len().saturating_sub(kept)).1.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(named: &[(&str, &str)]) -> usize {
        let hosts: Vec<Option<String>> = named.iter().map(|(_, url)| registrable_host(url)).collect();
        Outlets::of(
            named
                .iter()
                .zip(&hosts)
                .map(|((name, _), host)| (*name, host.as_deref())),
        )
        .count()
    }

    #[test]
    fn an_outlet_in_two_scripts_on_one_host_counts_once() {
        let rt = [
            ("RT", "https://www.rt.com/news/1"),
            ("روسيا اليوم", "https://arabic.rt.com/2"),
        ];
        assert_eq!(count(&rt), 1);
        // A name without an address is where its name is.
        assert_eq!(count(&[rt[0], rt[1], ("RT", ""), ("تاس", "https://tass.ru/3")]), 2);
        // Across three scripts, and two hosts that share a name.
        let three = [rt[0], rt[1], ("РТ", "https://russian.rt.com/4")];
        assert_eq!(count(&three), 1);
        let two_hosts = [
            ("BBC", "https://www.bbc.com/1"),
            ("بي بي سي", "https://www.bbc.com/2"),
            ("بي بي سي", "https://www.bbc.co.uk/3"),
            ("Би-би-си", "https://www.bbc.co.uk/4"),
        ];
        assert_eq!(count(&two_hosts), 1);
    }

    #[test]
    fn names_in_one_script_and_on_portals_stay_apart() {
        assert_eq!(count(&[("A", "https://x.example/1"), ("B", "https://x.example/2")]), 2);
        let portal = [
            ("Reuters", "https://news.example/1"),
            ("AP", "https://news.example/2"),
            ("العربية", "https://news.example/3"),
        ];
        assert_eq!(count(&portal), 3, "who of the two would the third be?");
        assert_eq!(
            count(&[
                ("RT", "https://rt.com/1"),
                ("روسيا اليوم", "https://elsewhere.example/2")
            ]),
            2
        );
        assert_eq!(
            count(&[("24", "https://x.example/1"), ("ب", "https://x.example/2")]),
            2,
            "no letter, no script"
        );
        assert!(may_be_fewer(["RT", "روسيا اليوم"]) && !may_be_fewer(["RT", "24", "ÉTÉ"]));
    }

    #[test]
    fn a_credit_to_agencies_makes_no_other_outlet() {
        let named = [
            ("Le Monde", "https://lemonde.example/1"),
            ("Le Monde avec AFP", "https://lemonde.example/2"),
            ("Le Monde avec Reuters", ""),
            ("AFP", "https://afp.example/3"),
        ];
        assert_eq!(count(&named), 2);
        let scripts = [
            ("الميناء + وكالات", "https://harbour.example/1"),
            ("Harbour", "https://harbour.example/2"),
            ("Harbour - Reuters", "https://harbour.example/3"),
        ];
        assert_eq!(count(&scripts), 1, "a host of one outlet, whatever its credits");
        let outlets = Outlets::of([("Le Monde avec AFP", None)]);
        assert_eq!(
            (outlets.outlet("Le Monde avec AFP"), outlets.outlet("Le Monde")),
            ("Le Monde", "Le Monde")
        );
        assert!(may_be_fewer(["Le Monde", "Le Monde avec AFP"]) && !may_be_fewer(["Le Monde", "AFP"]));
    }

    #[test]
    fn the_order_of_the_names_does_not_matter() {
        let named = [
            ("b", Some("h")),
            ("ب", Some("h")),
            ("ب", Some("i")),
            ("г", Some("i")),
            ("z", None),
        ];
        let mut turned = named;
        turned.reverse();
        assert_eq!(Outlets::of(named), Outlets::of(turned));
        assert_eq!(Outlets::of(named).outlet("г"), "b");
    }

    #[test]
    fn a_host_is_what_somebody_registered() {
        for (url, host) in [
            ("https://arabic.rt.com/world/1?x=1", "rt.com"),
            ("HTTPS://WWW.Example.CO.UK:8443/", "example.co.uk"),
            ("http://user:secret@news.example.org#top", "example.org"),
            ("http://com.tr", "com.tr"),
            ("http://192.168.1.20/a", "192.168.1.20"),
            ("http://[2001:db8::1]:80/", "2001:db8::1"),
            ("http://localhost", "localhost"),
        ] {
            assert_eq!(registrable_host(url).as_deref(), Some(host), "{url}");
        }
        assert_eq!(registrable_host(""), None);
    }
}
