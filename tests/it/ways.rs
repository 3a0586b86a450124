//! Promise: an editor's ways through the pages can be gone by mouse and by keys, in English and in Arabic: find a story,
//! read its timeline, correct it and take that back, watch it and be told, decide the review list. Every page on the way is
//! accessible.
//!
//! Drives a browser as tests/it/browser.rs does, and is skipped like it.

use serde_json::{Value, json};

use crate::browser::{Browser, axe, is_accessible, keeps_to_itself, wanted};
use crate::service::{Service, demonstration};
use crate::watches::{next, receiver, start};

/// Letters where an Arabic layout has them, by the letter of a Latin one.
const ARABIC_LETTERS: [(&str, &str); 5] = [("c", "ؤ"), ("x", "ء"), ("y", "غ"), ("z", "ئ"), ("/", "ظ")];

/// An editor: by mouse in English, by keys in Arabic.
struct Editor {
    ui: &'static str,
    query: &'static str,
    /// The story that an article is wrongly moved to.
    other: &'static str,
    name: &'static str,
    by_keys: bool,
    /// A new article of the story: headline, text and day.
    news: [&'static str; 3],
}

const EDITORS: [Editor; 2] = [
    Editor {
        ui: "en",
        query: "Khartoum",
        other: "s3",
        name: "Lena Ortiz",
        by_keys: false,
        news: [
            "Air strikes shake Khartoum as Sudan's seven-day truce begins",
            "Air strikes and artillery fire were heard across Khartoum on Tuesday, hours after a seven-day ceasefire \
             between Sudan's army and the Rapid Support Forces came into effect. The truce, signed in Jeddah with Saudi \
             and American mediation, is the first with monitors. Residents of Omdurman said warplanes flew over at dawn.",
            "2023-05-23",
        ],
    },
    Editor {
        ui: "ar",
        query: "درنة",
        other: "s1",
        name: "ليلى حداد",
        by_keys: true,
        news: [
            "ليبيا: آلاف المفقودين في درنة بعد انهيار السدين جراء العاصفة دانيال",
            "قال الهلال الأحمر الليبي الثلاثاء إن عدد المفقودين في مدينة درنة بلغ آلافاً بعد أن جرفت السيول أحياء كاملة إثر \
             انهيار سدين بفعل العاصفة دانيال. وأضاف أن فرق الإنقاذ ما زالت تنتشل الجثث من البحر ومن تحت الركام في شرق ليبيا.",
            "2023-09-12",
        ],
    },
];

impl Editor {
    fn letter(&self, browser: &mut Browser, letter: &str) {
        let code = if letter == "/" {
            "Slash".to_owned()
        } else {
            format!("Key{}", letter.to_uppercase())
        };
        let arabic = ARABIC_LETTERS.iter().find(|(latin, _)| *latin == letter);
        let typed = arabic.filter(|_| self.by_keys).map_or(letter, |(_, arabic)| arabic);
        browser.press(typed, &code);
    }

    /// Goes to something and presses it.
    fn choose(&self, browser: &mut Browser, selector: &str, key: (&str, &str)) {
        match self.by_keys {
            true => {
                browser.tab_to(selector);
                browser.press(key.0, key.1);
            }
            false => browser.click(selector),
        }
    }

    fn enter(&self, browser: &mut Browser, selector: &str, text: &str) {
        match self.by_keys {
            true => browser.tab_to(selector),
            false => browser.click(selector),
        }
        browser.ask("document.activeElement.select(); 0");
        browser.write(text);
    }
}

/// Keeps a picture where pictures are wanted, and wants a page without fault.
fn look(browser: &mut Browser, axe: &str, place: &str) {
    browser.shoot(&place.replace(' ', "-"));
    is_accessible(browser, axe, place);
}

const SPACE: (&str, &str) = (" ", "Space");
const ENTER: (&str, &str) = ("Enter", "Enter");

#[test]
fn editors_go_their_ways_by_mouse_and_by_keys() {
    let test = "editors_go_their_ways_by_mouse_and_by_keys";
    let Some((program, axe)) = wanted(test).and_then(|program| Some((program, axe(test)?))) else {
        return;
    };
    let dir = demonstration();
    let profile = tempfile::tempdir().expect("a folder");
    let service = start(dir.path());
    let mut browser = Browser::start(program, profile.path());
    for editor in &EDITORS {
        browser.size(if editor.by_keys { 390 } else { 1400 });
        let story = finds(&mut browser, &service, editor);
        moves_and_takes_back(&mut browser, &service, editor, &story, &axe);
        watches(&mut browser, &service, editor, &story, &axe);
        reviews(&mut browser, &service, editor, &axe);
    }
    keeps_to_itself(&browser, &service);
}

/// From the front page by the search box to the story that fits best, and its timeline.
fn finds(browser: &mut Browser, service: &Service, editor: &Editor) -> String {
    browser.open(&format!("{}/?ui={}", service.address, editor.ui));
    match editor.by_keys {
        true => editor.letter(browser, "/"),
        false => browser.click("#search"),
    }
    browser.write(editor.query);
    browser.until("document.querySelectorAll('#found [role=option]').length > 1");
    browser.leads_on(|browser| match editor.by_keys {
        true => {
            browser.press("ArrowDown", "ArrowDown");
            browser.press("Enter", "Enter");
        }
        false => browser.click("#found [role=option]"),
    });
    let path = browser.ask("location.pathname");
    let story = path.as_str().and_then(|path| path.strip_prefix("/stories/"));
    let story = story
        .unwrap_or_else(|| panic!("a story is found first: {path}"))
        .to_owned();
    let events = browser.ask("document.querySelectorAll('.timeline > li .event p').length");
    assert!(events.as_u64().is_some_and(|events| events > 2), "{story}: {events}");
    assert_eq!(browser.ask("document.documentElement.lang"), editor.ui);
    story
}

/// One article out through the controls and the page that looks at it, and back by the page.
fn moves_and_takes_back(browser: &mut Browser, service: &Service, editor: &Editor, story: &str, axe: &str) {
    let article = browser
        .ask("[...document.querySelectorAll('.articles > li')].find(one => !one.querySelector('.tag')).dataset.id");
    let article = article.as_str().expect("an article").to_owned();
    let listed = format!("document.querySelector('.articles > [data-id=\"{article}\"]') !== null");
    let of = |service: &Service| service.get(&format!("/v1/articles/{article}")).1["story_id"].clone();
    let place = |page: &str| format!("{} {page}", editor.ui);

    match editor.by_keys {
        true => editor.letter(browser, "c"),
        false => browser.click("#correct summary"),
    }
    browser.until("document.getElementById('correct').open");
    look(browser, axe, &place("story"));
    // On a phone the list is screens below the form: a link leads there, and one back.
    for (link, target) in [
        ("#ticked a[href='#articles']", "articles"),
        (".turn a[href='#ticked']", "ticked"),
    ] {
        editor.choose(browser, link, ENTER);
        browser.until(&format!(
            "(() => {{ const top = document.getElementById('{target}').getBoundingClientRect().top; \
              return location.hash === '#{target}' && top >= -1 && top < innerHeight; }})()"
        ));
    }
    editor.choose(browser, &format!(".pick input[value=\"{article}\"]"), SPACE);
    assert_eq!(
        browser.ask("document.querySelectorAll('.pick input:checked').length"),
        1
    );
    browser.ask("document.querySelector('#correct summary').focus(); 0");
    editor.enter(browser, "#ticked [name=to_text]", editor.other);
    browser.leads_on(|browser| editor.choose(browser, "#ticked button[value=move]", ENTER));

    // What it would come to, from where to where; nothing has happened yet.
    for id in [story, editor.other] {
        let named = browser.ask(&format!(
            "document.querySelector('.effects a[href=\"/stories/{id}\"]') !== null"
        ));
        assert_eq!(named, true, "{id} is named");
    }
    look(browser, axe, &place("preview"));
    assert_eq!(of(service), *story);
    editor.enter(browser, ".sign [name=author]", editor.name);
    editor.enter(browser, ".sign [name=reason]", "another flood · سيل آخر");
    browser.leads_on(|browser| editor.choose(browser, ".sign button.main", ENTER));

    assert_eq!(of(service), *editor.other);
    assert_eq!(browser.ask("location.pathname"), format!("/stories/{story}"));
    assert_eq!(browser.ask(&listed), false, "it is gone");
    let notice = browser.ask("document.querySelector('.done p').textContent");
    assert!(
        notice.as_str().is_some_and(|said| said.contains(editor.name)),
        "{notice}"
    );
    browser.ask("document.querySelector('#changes > summary').focus(); 0");
    match editor.by_keys {
        true => browser.press("Enter", "Enter"),
        false => browser.click("#changes > summary"),
    }
    let history = browser.ask("document.querySelector('#changes[open] .history').textContent");
    assert!(
        history.as_str().is_some_and(|said| said.contains(editor.name)),
        "{history}"
    );
    look(browser, axe, &place("corrected"));

    browser.leads_on(|browser| match editor.by_keys {
        true => editor.letter(browser, "z"),
        false => browser.click(".done button"),
    });
    assert_eq!(browser.ask(&listed), true, "it is back");
    assert_eq!(of(service), *story);
    look(browser, axe, &place("undone"));
}

/// The button of the page makes a watch, and what is new arrives where it says.
fn watches(browser: &mut Browser, service: &Service, editor: &Editor, story: &str, axe: &str) {
    let (address, got) = receiver(None);
    browser.open(&format!("{}/stories/{story}", service.address));
    editor.enter(browser, "form.watch input[name=url]", &format!("http://{address}/hook"));
    browser.leads_on(|browser| editor.choose(browser, "form.watch button", ENTER));
    let page = browser.ask("document.body.textContent");
    assert!(
        page.as_str().is_some_and(|page| page.contains("whsec_")),
        "its secret, this once"
    );
    look(browser, axe, &format!("{} watch", editor.ui));
    let (id, [title, text, published]) = (format!("new-{}", editor.ui), editor.news);
    let article = json!({"id": id, "title": title, "text": text, "lang": editor.ui, "source": "Evening Courier",
        "published": published});
    let (status, answer) = service.post(
        "/v1/articles?wait=placed",
        "application/json",
        article.to_string().as_bytes(),
    );
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["articles"][0]["story_id"], *story, "{answer}");
    let told = next(&got).body;
    assert!(told.to_string().contains(&id), "{told}");
}

/// y and x decide a row of the review list, z takes it back.
fn reviews(browser: &mut Browser, service: &Service, editor: &Editor, axe: &str) {
    let newest = |service: &Service| service.get("/v1/corrections?per_page=1").1["items"][0].clone();
    let row = "document.querySelector('.item p a').href + document.querySelectorAll('.item').length";
    browser.open(&format!("{}/review", service.address));
    look(browser, axe, &format!("{} review", editor.ui));
    // Nobody has decided in this browser yet.
    browser.order("Network.clearBrowserCookies", json!({}));
    browser.open(&format!("{}/review?ui={}", service.address, editor.ui));
    for key in ["y", "x"] {
        let (before, asked) = (newest(service), browser.ask(row));
        browser.leads_on(|browser| editor.letter(browser, key));
        if key == "y" {
            // The name is asked for once, and the decision goes on.
            // A browser that is busy gives the focus a little after the page is there.
            browser.until("document.activeElement?.name === 'author'");
            assert_eq!(
                browser
                    .ask("document.querySelectorAll('.sign input:not([type=hidden]), .trouble, [role=alert]').length"),
                2
            );
            look(browser, axe, &format!("{} who-decides", editor.ui));
            browser.write(editor.name);
            browser.leads_on(|browser| browser.press("Enter", "Enter"));
            // The browser notes the answer to what was not signed; it has no other complaint.
            browser.complaints.retain(|said| !said.contains("status of 422"));
        }
        let made = newest(service);
        assert_ne!(made["number"], before["number"], "{key}: {made}");
        assert_eq!(
            (&made["author"], &made["undone_at"]),
            (&editor.name.into(), &Value::Null)
        );
        assert_ne!(browser.ask(row), asked, "{key}: what is decided is not asked again");
        // What was done, and the row that the next key decides, are seen together; the row holds the focus.
        browser.until("document.activeElement?.closest('.item.here') !== null");
        let seen = "['.stays .done', '.item[aria-current]'].map((one) => document.querySelector(one).getBoundingClientRect()) \
            .every((box) => box.top >= 0 && box.top < innerHeight - 40)";
        browser.until(seen);
        let hidden = "document.querySelector('.item[aria-current]').getBoundingClientRect().top \
            < document.querySelector('.stays').getBoundingClientRect().bottom - 1";
        browser.until(&format!("!({hidden})"));
        browser.leads_on(|browser| editor.letter(browser, "z"));
        let undone = newest(service);
        assert_eq!(undone["number"], made["number"]);
        assert_eq!(undone["undone_by"], editor.name, "{undone}");
        assert_eq!(browser.ask(row), asked, "{key}: it is asked again");
    }
}
