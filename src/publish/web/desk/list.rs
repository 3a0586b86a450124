//! The list of corrections.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::said::{self, Names};
use super::{Act, Asks, Notice};
use crate::publish::web::frame::{Frame, Sorry, parameter, with};
use crate::publish::web::phrase::Part;
use crate::publish::web::words::Words;
use crate::publish::web::{PER_PAGE, some};
use crate::store::Store;
use crate::store::read::CorrectionView;

/// Authors that are offered to filter by.
const AUTHORS: usize = 100;

/// A correction of the list.
struct Row {
    number: String,
    /// Where it stands on the page.
    anchor: String,
    said: Vec<Part>,
    author: String,
    at: String,
    when: String,
    reason: Option<String>,
    /// That it was undone, by whom and when.
    undone: Option<String>,
    undone_why: Option<String>,
    act: Option<Act>,
}

impl Row {
    fn new(
        store: &Store,
        words: &Words,
        names: &Names,
        view: &CorrectionView,
        may_edit: bool,
    ) -> Result<Self, crate::store::StoreError> {
        let number = view.number.unwrap_or_default();
        let at = view.at.clone().unwrap_or_default();
        Ok(Self {
            number: words.desk.correction.replace("{n}", &words.number(number)),
            anchor: format!("correction-{number}"),
            said: said::asked(words, names, &view.asked, view.number),
            author: words.editor(view.by.author.as_deref()).to_owned(),
            when: words.date(&at),
            at,
            reason: view.by.reason.clone(),
            undone: view.undone_at.as_ref().map(|at| {
                let said = words.desk.undone_why.replace("{at}", &words.date(at));
                // Set apart (FSI, PDI): a Latin name would draw the digits of the date to its side.
                let author = words.editor(view.undone_by.as_deref());
                said.replace("{author}", &format!("\u{2068}{author}\u{2069}"))
            }),
            undone_why: view.undone_reason.clone(),
            act: if may_edit { Act::of(store, view)? } else { None },
        })
    }
}

#[derive(Template)]
#[template(path = "corrections.html")]
struct ListPage {
    frame: Frame,
    w: &'static Words,
    notice: Option<Notice>,
    rows: Vec<Row>,
    authors: Vec<String>,
    author: String,
    story: String,
    next: Option<String>,
}

/// `GET /corrections`
pub async fn list(store: web::Data<Arc<Store>>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let frame = Frame::of(&request);
    let words = frame.words;
    let asks = Asks::of(&request);
    let (author, story) = (parameter(&request, "author"), parameter(&request, "story"));
    let cursor = some(&parameter(&request, "cursor"));
    let store = Arc::clone(&store);
    let (by, about) = (some(&author), some(&story));
    let (notice, rows, authors, next) = frame
        .read(move || {
            let page = store.corrections(about.as_deref(), by.as_deref(), cursor.as_deref(), PER_PAGE)?;
            let names = Names::of(&store, words, &page.items)?;
            let rows = page
                .items
                .iter()
                .map(|view| Row::new(&store, words, &names, view, asks.may_edit))
                .collect::<Result<Vec<_>, _>>()?;
            let notice = asks.notice(&store, words, "corrections".to_owned())?;
            Ok((notice, rows, store.authors(AUTHORS)?, page.next_cursor))
        })
        .await?;
    let template = ListPage {
        w: words,
        notice,
        rows,
        authors,
        author,
        story,
        next: next.as_deref().map(|cursor| with(&request, "cursor", cursor)),
        frame: frame.clone(),
    };
    Ok(frame.page(StatusCode::OK, &template))
}
