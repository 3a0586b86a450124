//! A page's own account of itself: JSON-LD, OpenGraph, microdata, `<time>`, `<html lang>`, and its main text.
//!
//! Precedence, first that has a value: JSON-LD, OpenGraph and its relatives in `<meta>`, microdata, plain HTML. The
//! date when a page was modified is never read: an edit does not make old news new.

use dom_query::{Document as Dom, NodeRef};
use dom_smoothie::{Config, Readability};
use serde_json::Value;

use super::text::{self, MainText};
use super::{json_ld, nesting};

/// Elements beyond which a page is no article; the longest measured article pages have some 10,000.
const MAX_ELEMENTS: usize = 100_000;
/// A text this short (code points) is an article only when the page says that it is one.
const SHORT: usize = 80;
/// A longer share of link text than this makes a list of links, not an article.
const MAX_LINK_SHARE: f64 = 0.6;

/// What a page says about its article; nothing in it is interpreted yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The headline.
    pub title: String,
    /// The main text, one paragraph a line, furniture still in it.
    pub text: String,
    /// What may be the publication date, best first: where it stood, and the text.
    pub published: Vec<(&'static str, String)>,
    /// The language that the page declares, as it writes it.
    pub lang: Option<String>,
    /// The outlet.
    pub source: Option<String>,
    /// Keywords, in the page's order, without repeats.
    pub keywords: Vec<String>,
    /// The article's own address, absolute.
    pub url: Option<String>,
}

/// Reads a page that was found at `url`.
///
/// # Errors
/// The reason, for people, why there is no article on it.
pub fn read(html: &str, url: Option<&str>) -> Result<Page, String> {
    nesting::check_source(html)?;
    let dom = Dom::from(html);
    let elements = nesting::check_tree(&dom)?;
    if elements > MAX_ELEMENTS {
        return Err(format!("the page has {elements} elements, more than {MAX_ELEMENTS}"));
    }
    let canonical = address(&dom, url);
    let blocks = scripts(&dom);
    let article = json_ld::article(&blocks, canonical.as_deref());
    let mut page = metadata(&dom, article.as_ref());
    page.url = canonical
        .or_else(|| article.as_ref().and_then(|a| absolute(&a.url.clone()?, url)))
        .or(page.url);
    if page.url.is_none() {
        page.url = url.map(str::to_owned);
    }
    let declared = article.is_some() || !page.published.is_empty() || is_og_article(&dom);
    let main = main_text(dom, &mut page);
    let body = article.and_then(|article| article.body).unwrap_or_default();
    // The embedded body is only second best: sites cut it short or strip its paragraphs.
    page.text = if body.chars().count() > main.text.chars().count() * 3 {
        text::from_plain(&body)
    } else {
        if !declared && main.link_share() > MAX_LINK_SHARE {
            return Err("the page is a list of links, without a main text".to_owned());
        }
        main.text
    };
    let length = page.text.chars().count();
    if length == 0 {
        return Err("the page has no main text".to_owned());
    }
    if length < SHORT && !declared {
        return Err(format!(
            "the page has no main text: only {length} characters, and nothing says that it is an article"
        ));
    }
    Ok(page)
}

fn main_text(dom: Dom, page: &mut Page) -> MainText {
    let config = Config {
        disable_json_ld: true,
        ..Config::default()
    };
    let Ok(mut readability) = Readability::with_document(dom, None, Some(config)) else {
        return MainText::default();
    };
    if page.title.is_empty() {
        page.title = text::line(&readability.get_article_title());
    }
    match readability.parse() {
        Ok(article) => text::from_node(&Dom::fragment(article.content).root()),
        Err(_) => MainText::default(),
    }
}

fn metadata(dom: &Dom, article: Option<&json_ld::Article>) -> Page {
    let ld = |field: fn(&json_ld::Article) -> Option<String>| article.and_then(field);
    let source = ld(|a| a.source.clone()).or_else(|| meta(dom, &["og:site_name", "application-name"]));
    let title = ld(|a| a.title.clone())
        .or_else(|| meta(dom, &["og:title", "twitter:title"]).map(|title| without_site(&title, source.as_deref())))
        .or_else(|| first(dom, "[itemprop=headline]", "content"))
        .or_else(|| only(dom, "h1"))
        .unwrap_or_default();
    let lang = ld(|a| a.lang.clone())
        .or_else(|| first_attribute(dom, "html[lang]", "lang"))
        .or_else(|| meta(dom, &["og:locale", "content-language"]));
    let mut keywords = article.map(|a| a.keywords.clone()).unwrap_or_default();
    if keywords.is_empty() {
        keywords = all_meta(dom, "article:tag");
    }
    if keywords.is_empty() {
        keywords = meta(dom, &["news_keywords", "keywords"])
            .map(|list| json_ld::split_keywords(&list))
            .unwrap_or_default();
    }
    let mut seen = std::collections::BTreeSet::new();
    keywords.retain(|word| seen.insert(word.clone()));
    Page {
        title,
        text: String::new(),
        published: published(dom, article),
        lang,
        source,
        keywords,
        url: None,
    }
}

fn published(dom: &Dom, article: Option<&json_ld::Article>) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, Option<String>)> = vec![
        ("datePublished (JSON-LD)", article.and_then(|a| a.published.clone())),
        (
            "article:published_time",
            meta(dom, &["article:published_time", "og:article:published_time"]),
        ),
        ("datePublished", first(dom, "[itemprop=datePublished]", "content")),
        (
            "meta date",
            meta(
                dom,
                &[
                    "parsely-pub-date",
                    "pubdate",
                    "publishdate",
                    "dc.date.issued",
                    "dcterms.issued",
                    "date",
                ],
            ),
        ),
    ];
    let times: Vec<String> = dom
        .select("time")
        .nodes()
        .iter()
        .filter(|time| !is_modified(time))
        .filter_map(time_value)
        .collect();
    let in_article = dom
        .select("article time")
        .nodes()
        .iter()
        .filter(|time| !is_modified(time))
        .find_map(time_value);
    let marked = dom
        .select("time[pubdate], time.published, time.entry-date")
        .nodes()
        .iter()
        .find_map(time_value);
    // Without an <article>, several different times belong to other articles as likely as to this one.
    let single = times
        .first()
        .filter(|first| times.iter().all(|time| time == *first))
        .cloned();
    found.push(("<time>", marked.or(in_article).or(single)));
    let mut values = Vec::new();
    for (place, value) in found {
        if let Some(value) = value.filter(|value| !values.iter().any(|(_, known)| known == value)) {
            values.push((place, value));
        }
    }
    values
}

fn is_modified(time: &NodeRef) -> bool {
    let marks = [
        time.attr_or("itemprop", ""),
        time.attr_or("class", ""),
        time.attr_or("id", ""),
    ];
    marks.iter().any(|mark| {
        let mark = mark.to_ascii_lowercase();
        mark.contains("modif") || mark.contains("updat")
    })
}

fn time_value(time: &NodeRef) -> Option<String> {
    some(&time.attr("datetime").unwrap_or_else(|| time.text()))
}

/// The value of the first `<meta>` with one of these names, in the order of the names.
fn meta(dom: &Dom, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| all_meta(dom, name).into_iter().next())
}

fn all_meta(dom: &Dom, name: &str) -> Vec<String> {
    let has = |node: &NodeRef, attribute: &str| {
        node.attr(attribute)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case(name))
    };
    let nodes = dom.select("meta[content]");
    let named = nodes
        .nodes()
        .iter()
        .filter(|node| ["property", "name", "http-equiv"].iter().any(|a| has(node, a)));
    named.filter_map(|node| some(&node.attr("content")?)).collect()
}

fn is_og_article(dom: &Dom) -> bool {
    meta(dom, &["og:type"]).is_some_and(|kind| kind.eq_ignore_ascii_case("article"))
}

fn first(dom: &Dom, selector: &str, attribute: &str) -> Option<String> {
    dom.select(selector).nodes().iter().find_map(|node| {
        let value = node.attr(attribute).or_else(|| node.attr("datetime"));
        some(&value.unwrap_or_else(|| node.text()))
    })
}

fn first_attribute(dom: &Dom, selector: &str, attribute: &str) -> Option<String> {
    dom.select(selector)
        .nodes()
        .iter()
        .find_map(|node| some(&node.attr(attribute)?))
}

/// The text of the only element of its kind.
fn only(dom: &Dom, selector: &str) -> Option<String> {
    match dom.select(selector).nodes() {
        [node] => some(&text::from_node(node).text),
        _ => None,
    }
}

fn some(value: &str) -> Option<String> {
    Some(text::line(value)).filter(|value| !value.is_empty())
}

/// «Headline - Outlet» without the outlet.
fn without_site(title: &str, site: Option<&str>) -> String {
    let cut = site.and_then(|site| {
        let rest = title.strip_suffix(site)?.trim_end();
        let rest = rest.strip_suffix(['-', '|', '–', '—', '·', '»', ':'])?.trim_end();
        (!rest.is_empty()).then(|| rest.to_owned())
    });
    cut.unwrap_or_else(|| title.to_owned())
}

/// The page's canonical address. A canonical link from an inner page to the site's root is a template's mistake.
fn address(dom: &Dom, url: Option<&str>) -> Option<String> {
    let is_root = |text: &str| url::Url::parse(text).is_ok_and(|url| url.path() == "/" && url.query().is_none());
    let candidates = [
        first_attribute(dom, "link[rel=canonical]", "href"),
        meta(dom, &["og:url"]),
    ];
    candidates
        .into_iter()
        .flatten()
        .filter_map(|candidate| absolute(&candidate, url))
        .find(|candidate| !is_root(candidate) || url.is_some_and(is_root))
}

fn absolute(address: &str, base: Option<&str>) -> Option<String> {
    let parsed = url::Url::parse(address)
        .ok()
        .or_else(|| url::Url::parse(base?).ok()?.join(address).ok())?;
    matches!(parsed.scheme(), "http" | "https").then(|| parsed.to_string())
}

fn scripts(dom: &Dom) -> Vec<Value> {
    dom.select("script[type]")
        .nodes()
        .iter()
        .filter(|node| node.attr_or("type", "").to_ascii_lowercase().contains("ld+json"))
        .filter_map(|node| json_ld::parse(&node.text()))
        .collect()
}
