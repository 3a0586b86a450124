//! A story's graph, drawn to be read: articles from the oldest to the newest, a lane for each strand, each article with its
//! strongest link; what is narrow or alone holds the story together is drawn so that it can be told apart.
//!
//! In: the stored graph. Out: places and shapes for an SVG, and the same as a list. The same graph gives the same picture.

use std::collections::{BTreeMap, BTreeSet};

use super::phrase::{Link, Part, phrase};
use super::words::Words;
use crate::store::read::{GraphLink, StoryGraph};

/// Articles that are drawn one by one, at most; a larger story is drawn strand by strand.
pub const DRAWN: usize = 60;
/// Articles that are read of a large story.
pub const READ: usize = 1_000;
/// Links that are drawn at most when all are asked for.
const MOST_LINKS: usize = 300;
/// Links of an article that the list names.
const LISTED: usize = 3;
/// Strands that are drawn and listed, at most.
const STRANDS: usize = 12;
/// With fewer strands a large story is drawn by its best linked articles.
const FEW_STRANDS: usize = 3;
/// Width and height of an article's place, and places of a line.
const STEP: i64 = 38;
const LINE: usize = 18;
const RADIUS: i64 = 13;
/// How high a bow is at most.
const HIGHEST: i64 = 70;
/// Room for a lane's name, and between lanes.
const NAME: i64 = 20;
const GAP: i64 = 12;
/// The ring that strands are drawn on: its radius, and where its middle is.
const RING: f64 = 160.0;
const MIDDLE: i64 = 200;
/// Colours of strands; further ones begin again.
const HUES: u64 = 5;

/// An article, or a strand of a large story.
pub struct Dot {
    pub x: i64,
    pub y: i64,
    pub radius: i64,
    pub number: String,
    /// Which colour.
    pub hue: u64,
    pub copy: bool,
    pub link: Link,
    /// Headline, source and date, or the strand's name.
    pub said: String,
}

/// A line between two dots.
pub struct Line {
    /// `sure`, `doubtful`, `bridge`, `repeats` or `rest`.
    pub kind: &'static str,
    pub path: String,
}

/// A strand's lane.
pub struct Lane {
    pub y: i64,
    pub height: i64,
    pub name: String,
}

/// An entry of the list that says the same.
pub struct Entry {
    pub number: String,
    pub link: Link,
    /// Its source, if it has one.
    pub source: String,
    /// Its date, or how many articles a strand has.
    pub about: String,
    pub links: Vec<(Vec<Part>, Option<&'static str>)>,
}

/// The picture.
pub struct Picture {
    pub width: i64,
    pub height: i64,
    pub large: bool,
    pub said: String,
    pub left_out: Option<String>,
    pub lanes: Vec<Lane>,
    pub lines: Vec<Line>,
    pub dots: Vec<Dot>,
    pub entries: Vec<Entry>,
    /// Which kinds of lines there are, for the legend, with their names.
    pub kinds: Vec<(&'static str, &'static str)>,
    /// Whether there are links that are drawn only when all are asked for.
    pub has_rest: bool,
}

/// Each article's strongest link, without circles: the links of a spanning forest of the greatest weight.
fn strongest(graph: &StoryGraph, places: &BTreeMap<&str, usize>) -> BTreeSet<usize> {
    let mut order: Vec<usize> = (0..graph.links.len()).collect();
    let links = &graph.links;
    order.sort_by(|one, other| {
        let scores = links.get(*one).map(|link| link.score).unwrap_or_default();
        let others = links.get(*other).map(|link| link.score).unwrap_or_default();
        others.total_cmp(&scores).then(one.cmp(other))
    });
    let mut joined = petgraph::unionfind::UnionFind::new(places.len());
    order
        .into_iter()
        .filter(|at| {
            let ends = links
                .get(*at)
                .and_then(|link| Some((places.get(link.a.as_str())?, places.get(link.b.as_str())?)));
            ends.is_some_and(|(a, b)| joined.union(*a, *b))
        })
        .collect()
}

fn kind(link: &GraphLink) -> &'static str {
    match (link.bridge, link.doubtful) {
        (true, _) => "bridge",
        (_, true) => "doubtful",
        _ => "sure",
    }
}

/// How high the bow between two places of one line is.
fn bow(a: (i64, i64), b: (i64, i64)) -> i64 {
    (10 + (a.0 - b.0).abs() / 5).min(HIGHEST)
}

/// A line between two places: between places of one line a bow over what stands between, or under it.
fn path(a: (i64, i64), b: (i64, i64), over: bool) -> String {
    let ((ax, ay), (bx, by)) = (a, b);
    if ay != by {
        // Aside of what stands on the way.
        let (cx, cy) = ((ax + bx) / 2 + (ay - by).abs() / 4, (ay + by) / 2);
        return format!("M{ax} {ay}Q{cx} {cy} {bx} {by}");
    }
    let side = if over { -1 } else { 1 };
    let (y, top) = (ay + side * (RADIUS - 1), ay + side * (RADIUS - 1 + bow(a, b)));
    format!("M{ax} {y}C{ax} {top} {bx} {top} {bx} {y}")
}

/// Whether a large graph has too few strands to be drawn by them: then its best linked articles say more.
pub fn is_of_one_piece(graph: &StoryGraph) -> bool {
    let strands: BTreeSet<Option<u64>> = graph.nodes.iter().map(|node| node.strand).collect();
    graph.nodes.len() > DRAWN && strands.len() < FEW_STRANDS
}

impl Picture {
    /// The picture of a graph; `None` when there is nothing to draw.
    pub fn new(words: &'static Words, graph: &StoryGraph) -> Option<Self> {
        if graph.nodes.len() < 2 {
            return None;
        }
        let whole = graph.nodes.len() as u64 + graph.nodes_left_out;
        let mut picture = match graph.nodes.len() > DRAWN {
            true => by_strand(words, graph),
            false => by_article(words, graph),
        };
        let count = |test: &dyn Fn(&GraphLink) -> bool| graph.links.iter().filter(|link| test(link)).count() as u64;
        let live = words.live;
        let strands: BTreeSet<u64> = graph.nodes.iter().filter_map(|node| node.strand).collect();
        let doubtful = match picture.large {
            true => count(&|link| link.doubtful),
            false => picture.lines.iter().filter(|line| line.kind == "doubtful").count() as u64,
        };
        let sentence = if picture.large {
            live.graph_large
        } else {
            live.graph_said
        };
        picture.said = sentence
            .replace("{articles}", &words.articles(whole))
            .replace("{strands}", &words.many(&live.strands_counted, strands.len() as u64))
            .replace(
                "{links}",
                &words.many(&live.links_counted, graph.links.len() as u64 + graph.links_left_out),
            )
            .replace(
                "{bridges}",
                &words.many(&live.bridges_counted, count(&|link| link.bridge)),
            )
            .replace("{doubtful}", &words.many(&live.doubtful_counted, doubtful));
        picture.left_out = (graph.nodes_left_out > 0).then(|| {
            live.graph_left_out
                .replace("{articles}", &words.articles(graph.nodes_left_out))
        });
        let names = [
            ("sure", live.link_sure),
            ("doubtful", live.link_doubtful),
            ("bridge", live.link_bridge),
            ("repeats", words.near_duplicate),
        ];
        picture.kinds = names
            .into_iter()
            .filter(|(kind, _)| picture.lines.iter().any(|line| line.kind == *kind))
            .collect();
        picture.has_rest = picture.lines.iter().any(|line| line.kind == "rest");
        if words.direction == "rtl" {
            picture.mirror();
        }
        Some(picture)
    }

    /// Time goes the way that the page is read.
    fn mirror(&mut self) {
        let width = self.width;
        for dot in &mut self.dots {
            dot.x = width - dot.x;
        }
    }
}

/// Where each article stands, with its lane.
fn by_article(words: &'static Words, graph: &StoryGraph) -> Picture {
    let mut order: Vec<usize> = (0..graph.nodes.len()).collect();
    let time = |at: &usize| {
        let published = graph.nodes.get(*at).and_then(|node| node.published.as_ref());
        published.and_then(|date| date.value.clone())
    };
    // Undated ones stand at the end, in the order in which they came.
    order.sort_by_key(|at| (time(at).is_none(), time(at), *at));
    let numbers: BTreeMap<usize, usize> = order.iter().enumerate().map(|(number, at)| (*at, number + 1)).collect();
    let places: BTreeMap<&str, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(at, node)| (node.id.as_str(), at))
        .collect();
    let mut lanes: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for at in &order {
        let strand = graph.nodes.get(*at).and_then(|node| node.strand).unwrap_or(u64::MAX);
        lanes.entry(strand).or_default().push(*at);
    }
    // An article stands in the column of its number as long as one line is enough.
    let one_line = order.len() <= LINE;
    let columns = if one_line { order.len() } else { LINE };
    // Between lines there is room for bows, too.
    let step = STEP + if one_line { 0 } else { HIGHEST / 2 };
    let (mut top, mut at_place, mut shown) = (0, BTreeMap::new(), Vec::new());
    for (strand, members) in &lanes {
        let lines = if one_line {
            1
        } else {
            members.len().div_ceil(LINE) as i64
        };
        // Room for the highest bow over the first line.
        let spread = if one_line { order.len() } else { members.len() };
        let above = match members.len() {
            1 => 0,
            _ => bow((0, 0), (spread.min(LINE) as i64 * STEP, 0)),
        };
        let name = if lanes.len() > 1 { NAME } else { 0 };
        let height = name + above + lines * step + 12;
        for (place, at) in members.iter().enumerate() {
            let (column, line) = match one_line {
                true => (numbers.get(at).map_or(0, |number| number - 1), 0),
                false => (place % LINE, place / LINE),
            };
            let y = top + name + above + line as i64 * step + STEP / 2;
            at_place.insert(*at, (column as i64 * STEP + STEP / 2, y));
        }
        shown.push(Lane {
            y: top,
            height,
            name: match lanes.len() {
                1 => String::new(),
                _ => strand_name(words, *strand),
            },
        });
        top += height + GAP;
    }
    let width = columns as i64 * STEP;
    let chosen = strongest(graph, &places);
    let place = |id: &str| places.get(id).and_then(|at| at_place.get(at)).copied();
    let x = |(x, y): (i64, i64)| {
        if words.direction == "rtl" {
            (width - x, y)
        } else {
            (x, y)
        }
    };
    let (mut rest, mut lines) = (Vec::new(), Vec::new());
    for (at, link) in graph.links.iter().enumerate() {
        let (Some(a), Some(b)) = (place(&link.a), place(&link.b)) else {
            continue;
        };
        let drawn = chosen.contains(&at) || link.bridge;
        let line = Line {
            kind: if drawn { kind(link) } else { "rest" },
            path: path(x(a), x(b), true),
        };
        match drawn {
            true => lines.push(line),
            false if rest.len() < MOST_LINKS => rest.push(line),
            false => {}
        }
    }
    for node in &graph.nodes {
        let ends = node
            .near_duplicate_of
            .as_deref()
            .and_then(|original| Some((place(&node.id)?, place(original)?)));
        lines.extend(ends.map(|(a, b)| Line {
            kind: "repeats",
            path: path(x(a), x(b), false),
        }));
    }
    rest.extend(lines);
    let number = |at: usize| words.number(numbers.get(&at).copied().unwrap_or_default() as u64);
    let mut dots = Vec::new();
    let mut entries = Vec::new();
    for at in &order {
        let (Some(node), Some((x, y))) = (graph.nodes.get(*at), at_place.get(at)) else {
            continue;
        };
        let link = Link::article(&node.id, &node.title, &node.lang);
        let (source, date) = (
            node.source.clone().unwrap_or_default(),
            words.dated(node.published.as_ref()),
        );
        let about: Vec<&str> = [source.as_str(), &date]
            .into_iter()
            .filter(|one| !one.is_empty())
            .collect();
        dots.push(Dot {
            x: *x,
            y: *y,
            radius: RADIUS,
            number: number(*at),
            hue: hue(node.strand),
            copy: node.near_duplicate_of.is_some(),
            said: format!("{} ({})", link.title, about.join(words.list_comma)),
            link: link.clone(),
        });
        entries.push(Entry {
            number: number(*at),
            links: listed(words, graph, node, &places, &chosen),
            link,
            source,
            about: date,
        });
    }
    Picture {
        width,
        height: top - GAP,
        large: false,
        said: String::new(),
        left_out: None,
        lanes: shown,
        lines: rest,
        dots,
        entries,
        kinds: Vec::new(),
        has_rest: false,
    }
}

/// The name of a kind of link without what it means.
fn short(name: &'static str) -> &'static str {
    name.split(':').next().unwrap_or(name)
}

/// A strand's name; articles without one stand together.
fn strand_name(words: &Words, strand: u64) -> String {
    match strand {
        u64::MAX => words.live.strand.replace("{n}", "?"),
        strand => words.live.strand.replace("{n}", &words.number(strand)),
    }
}

fn hue(strand: Option<u64>) -> u64 {
    strand.map_or(1, |strand| (strand.saturating_sub(1)) % HUES + 1)
}

/// An article's strongest links, in words; in doubt are those of `chosen` alone, which hold the story together.
fn listed(
    words: &'static Words,
    graph: &StoryGraph,
    node: &crate::store::read::GraphNode,
    places: &BTreeMap<&str, usize>,
    chosen: &BTreeSet<usize>,
) -> Vec<(Vec<Part>, Option<&'static str>)> {
    let named = |id: &str| {
        let other = places.get(id).and_then(|at| graph.nodes.get(*at))?;
        Some(Part::Link(Link::article(&other.id, &other.title, &other.lang)))
    };
    let mut found: Vec<(Vec<Part>, Option<&'static str>)> = Vec::new();
    if let Some(original) = node.near_duplicate_of.as_deref().and_then(named) {
        let sentence = format!("{} {{article}}", words.live.link_repeats);
        found.push((phrase(&sentence, &[("article", original)]), None));
    }
    let mut links: Vec<(usize, &GraphLink)> = graph
        .links
        .iter()
        .enumerate()
        .filter(|(_, link)| link.a == node.id || link.b == node.id)
        .collect();
    links.sort_by(|(_, one), (_, other)| {
        (other.bridge, other.score)
            .partial_cmp(&(one.bridge, one.score))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    for (at, link) in links.into_iter().take(LISTED) {
        let other = if link.a == node.id { &link.b } else { &link.a };
        let Some(other) = named(other) else { continue };
        let score = Part::Text(words.percent(link.score));
        let mark = match kind(link) {
            "bridge" => Some(short(words.live.link_bridge)),
            "doubtful" if chosen.contains(&at) => Some(short(words.live.link_doubtful)),
            _ => None,
        };
        found.push((
            phrase(words.live.linked_to, &[("article", other), ("score", score)]),
            mark,
        ));
    }
    found
}

/// A large story: a dot for each strand, the largest first.
fn by_strand(words: &'static Words, graph: &StoryGraph) -> Picture {
    let mut sizes: BTreeMap<u64, u64> = BTreeMap::new();
    let mut best: BTreeMap<u64, (f64, usize)> = BTreeMap::new();
    let strand_of: BTreeMap<&str, u64> = graph
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node.strand.unwrap_or(u64::MAX)))
        .collect();
    let mut support: BTreeMap<&str, f64> = BTreeMap::new();
    for link in &graph.links {
        for end in [&link.a, &link.b] {
            *support.entry(end.as_str()).or_default() += link.score;
        }
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        let strand = node.strand.unwrap_or(u64::MAX);
        *sizes.entry(strand).or_default() += 1;
        let of = support.get(node.id.as_str()).copied().unwrap_or_default();
        let known = best.entry(strand).or_insert((of, at));
        if of > known.0 {
            *known = (of, at);
        }
    }
    let mut order: Vec<(u64, u64)> = sizes.iter().map(|(strand, size)| (*strand, *size)).collect();
    order.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    order.truncate(STRANDS);
    let largest = order.first().map_or(1, |(_, size)| *size).max(1) as f64;
    // Links between strands: how many, and whether any of them is a bridge; doubtful when all are.
    let mut between: BTreeMap<(u64, u64), (u64, bool, bool)> = BTreeMap::new();
    for link in &graph.links {
        let (Some(a), Some(b)) = (strand_of.get(link.a.as_str()), strand_of.get(link.b.as_str())) else {
            continue;
        };
        if a != b {
            let known = between.entry((*a.min(b), *a.max(b))).or_insert((0, false, true));
            known.0 += 1;
            known.1 |= link.bridge;
            known.2 &= link.doubtful;
        }
    }
    // On a ring, so that no line runs through a strand that it does not belong to.
    let at_place: BTreeMap<u64, (i64, i64)> = (0_u32..)
        .zip(&order)
        .map(|(at, (strand, _))| {
            let angle = std::f64::consts::TAU * f64::from(at) / order.len() as f64;
            let (across, up) = ((RING * angle.sin()).round() as i64, (RING * angle.cos()).round() as i64);
            (*strand, (MIDDLE + across, MIDDLE - up))
        })
        .collect();
    let width = 2 * MIDDLE;
    let x = |(x, y): (i64, i64)| {
        if words.direction == "rtl" {
            (width - x, y)
        } else {
            (x, y)
        }
    };
    let lines = between
        .iter()
        .filter_map(|((a, b), (_, bridge, doubtful))| {
            let (a, b) = (x(*at_place.get(a)?), x(*at_place.get(b)?));
            let kind = match (bridge, doubtful) {
                (true, _) => "bridge",
                (_, true) => "doubtful",
                _ => "sure",
            };
            Some(Line {
                kind,
                path: format!("M{} {}L{} {}", a.0, a.1, b.0, b.1),
            })
        })
        .collect();
    let name = |strand: u64| strand_name(words, strand);
    let (mut dots, mut entries) = (Vec::new(), Vec::new());
    for (strand, size) in &order {
        let Some(node) = best.get(strand).and_then(|(_, at)| graph.nodes.get(*at)) else {
            continue;
        };
        let (x, y) = at_place.get(strand).copied().unwrap_or_default();
        let link = Link::article(&node.id, &node.title, &node.lang);
        let about = format!("{}{}{}", name(*strand), words.list_comma, words.articles(size));
        let links = between
            .iter()
            .filter(|((a, b), _)| a == strand || b == strand)
            .take(STRANDS)
            .map(|((a, b), (count, bridge, doubtful))| {
                let other = if a == strand { *b } else { *a };
                let said = format!("{}: {}", name(other), words.many(&words.live.links_counted, count));
                let mark = match (bridge, doubtful) {
                    (true, _) => Some(short(words.live.link_bridge)),
                    (_, true) => Some(short(words.live.link_doubtful)),
                    _ => None,
                };
                (vec![Part::Text(said)], mark)
            })
            .collect();
        dots.push(Dot {
            x,
            y,
            radius: 14 + (22.0 * (*size as f64 / largest).sqrt()).round() as i64,
            number: words.number(size),
            hue: hue(node.strand),
            copy: false,
            said: format!("{about}: {}", link.title),
            link: link.clone(),
        });
        entries.push(Entry {
            number: name(*strand),
            link,
            source: String::new(),
            about: words.articles(size),
            links,
        });
    }
    Picture {
        width,
        height: 2 * MIDDLE,
        large: true,
        said: String::new(),
        left_out: None,
        lanes: Vec::new(),
        lines,
        dots,
        entries,
        kinds: Vec::new(),
        has_rest: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Dated, DatedJson};
    use crate::store::read::GraphNode;

    fn graph(nodes: usize, strands: u64, links: &[(usize, usize, f64, bool)]) -> StoryGraph {
        let id = |number: usize| format!("a{number}");
        StoryGraph {
            story_id: "s1".to_owned(),
            nodes: (0..nodes)
                .map(|number| GraphNode {
                    id: id(number),
                    title: format!("Headline {number}"),
                    lang: "en".to_owned(),
                    source: Some("Outlet".to_owned()),
                    published: Dated::from_value_text(&format!("2024-01-{:02}", 28 - number % 28)).map(DatedJson::from),
                    near_duplicate_of: (number == 1).then(|| id(0)),
                    strand: Some(number as u64 % strands + 1),
                })
                .collect(),
            links: links
                .iter()
                .map(|(a, b, score, bridge)| GraphLink {
                    a: id(*a),
                    b: id(*b),
                    score: *score,
                    signals: None,
                    because: None,
                    bridge: *bridge,
                    doubtful: *score < 0.75,
                })
                .collect(),
            nodes_left_out: 0,
            links_left_out: 0,
        }
    }

    fn words() -> &'static Words {
        Words::of("en").expect("English")
    }

    #[test]
    fn each_articles_strongest_link_is_drawn_and_the_rest_on_demand() {
        let graph = graph(
            5,
            1,
            &[
                (0, 2, 0.9, false),
                (2, 3, 0.8, false),
                (0, 3, 0.6, false),
                (3, 4, 0.6, true),
            ],
        );
        let picture = Picture::new(words(), &graph).expect("a picture");
        let kinds: Vec<&str> = picture.lines.iter().map(|line| line.kind).collect();
        assert_eq!(kinds, ["rest", "sure", "sure", "bridge", "repeats"]);
        let order: Vec<&str> = picture.dots.iter().map(|dot| dot.link.title.as_str()).collect();
        assert_eq!(order[0], "Headline 4", "the oldest stands first");
        assert!(picture.said.contains("1 bridge"), "{}", picture.said);
        assert_eq!(picture.entries.len(), 5);
        assert!(picture.has_rest);
    }

    #[test]
    fn dots_never_touch_and_stay_inside() {
        for (nodes, strands) in [(2, 1), (16, 3), (19, 1), (60, 4), (61, 3), (400, 30)] {
            for ui in ["en", "ar"] {
                let picture =
                    Picture::new(Words::of(ui).expect("words"), &graph(nodes, strands, &[])).expect("a picture");
                let expected = match nodes > DRAWN {
                    true => STRANDS.min(strands as usize),
                    false => nodes,
                };
                assert_eq!(picture.dots.len(), expected);
                for (at, one) in picture.dots.iter().enumerate() {
                    assert!(one.x >= one.radius && one.x + one.radius <= picture.width);
                    assert!(one.y >= one.radius && one.y + one.radius <= picture.height);
                    for other in picture.dots.iter().skip(at + 1) {
                        let apart = (one.x - other.x).pow(2) + (one.y - other.y).pow(2);
                        assert!(apart >= (one.radius + other.radius).pow(2), "{nodes} {strands}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_large_story_of_one_strand_is_drawn_by_its_articles() {
        let whole = graph(90, 1, &[]);
        assert!(is_of_one_piece(&whole));
        let mut best = graph(DRAWN, 1, &[]);
        best.nodes_left_out = 30;
        let picture = Picture::new(words(), &best).expect("a picture");
        assert_eq!((picture.large, picture.dots.len()), (false, DRAWN));
        assert!(picture.said.contains("90 articles in 1 strand"), "{}", picture.said);
        assert!(picture.left_out.expect("said").contains("30 articles"));
    }

    #[test]
    fn a_large_story_is_drawn_by_strand() {
        let graph = graph(90, 3, &[(0, 1, 0.9, true), (2, 4, 0.6, false), (3, 6, 0.9, false)]);
        let picture = Picture::new(words(), &graph).expect("a picture");
        assert!(picture.large);
        assert!(!is_of_one_piece(&graph));
        assert_eq!(picture.dots.len(), 3);
        assert_eq!(picture.dots[0].number, "30");
        let mut kinds: Vec<&str> = picture.lines.iter().map(|line| line.kind).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["bridge", "doubtful"]);
    }
}
