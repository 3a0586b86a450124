//! An article at which the program itself breaks: it is set aside with what happened, and everything else goes its way.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use serde_json::Value;

use super::properties::embedder;
use super::{Intake, Pipeline, Placer, Submission};
use crate::article::{ArticleId, Draft};
use crate::config::Settings;
use crate::publish::access::Access;
use crate::publish::memo::Memo;
use crate::publish::streams::Streams;
use crate::publish::{App, routes};
use crate::store::Store;
use crate::store::write::Queued;
use crate::track::Tracker;

/// Long enough for a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

fn is_poison(article: &Queued) -> bool {
    article.title.contains("basilisk")
}

fn start(dir: &Path, settings: &Arc<Settings>, breaks: bool) -> Arc<Pipeline> {
    let store = Arc::new(Store::open(dir).expect("a store"));
    let mut placer = Placer::open(Arc::clone(&store), Arc::clone(settings), embedder()).expect("a writer");
    placer.breaks_at = breaks.then_some(is_poison as fn(&Queued) -> bool);
    Arc::new(Pipeline::with(placer, store, settings).expect("a pipeline"))
}

fn submission(number: usize) -> Submission {
    let title = match number {
        7 => "The basilisk of Warsaw looks at the writer".to_owned(),
        _ => format!("Bridge {number} over the river near town {} was closed", number * 31),
    };
    let text = format!(
        "It says in report {number} what happened there, and who said so on day {}.",
        number * 17
    );
    let draft = Draft {
        id: Some(ArticleId(format!("a-{number}"))),
        title,
        text,
        published: None,
        lang: "en".to_owned(),
        source: None,
        agency: None,
        keywords: Vec::new(),
        url: None,
        removed: Vec::new(),
        set_aside: Vec::new(),
    };
    Submission { draft, document: None }
}

fn app(dir: &Path, settings: &Arc<Settings>, pipeline: &Arc<Pipeline>) -> App {
    let watched = Arc::clone(pipeline);
    App {
        store: pipeline.store(),
        intake: Arc::<Pipeline>::clone(pipeline),
        desk: Arc::<Pipeline>::clone(pipeline),
        trouble: Arc::new(move || watched.trouble()),
        access: Arc::new(Access::open(&settings.publish, settings.publish.listen, dir).expect("access")),
        metrics: pipeline.metrics(),
        meaning: None,
        tracker: Arc::new(Tracker::new(
            pipeline.store(),
            settings.track.clone(),
            pipeline.metrics(),
        )),
        streams: Arc::new(Streams::new(1)),
        answers: Arc::new(Memo::new(0)),
        timelines: Arc::new(Memo::new(0)),
        once: Arc::default(),
        settings: Arc::clone(settings),
    }
}

#[test]
fn an_article_at_which_the_program_breaks_is_set_aside_and_all_others_are_placed() {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = Arc::new(Settings::load(None).expect("settings"));
    let pipeline = start(dir.path(), &settings, true);
    let receipts = pipeline.accept((0..20).map(submission).collect()).expect("accepted");
    let ids: Vec<ArticleId> = receipts.into_iter().map(|receipt| receipt.expect("taken").id).collect();
    assert!(pipeline.wait_placed(&ids, PATIENCE), "the queue goes on");
    assert_eq!((pipeline.queued(), pipeline.trouble()), (0, None));
    let states = || -> Vec<String> {
        let state = |id: &ArticleId| pipeline.store().article(&id.0).expect("read").expect("there").state;
        ids.iter().map(state).collect()
    };
    let wanted: Vec<&str> = (0..20)
        .map(|number| if number == 7 { "failed" } else { "placed" })
        .collect();
    assert_eq!(states(), wanted);

    // Who comes later is placed as well, beside what is in memory again.
    let later = pipeline.accept((20..23).map(submission).collect()).expect("accepted");
    let later: Vec<ArticleId> = later.into_iter().map(|receipt| receipt.expect("taken").id).collect();
    assert!(pipeline.wait_placed(&later, PATIENCE));

    // It is listed with what happened.
    let listed: Value = actix_web::rt::System::new().block_on(async {
        let routes = routes(&app(dir.path(), &settings, &pipeline));
        let service = init_service(actix_web::App::new().configure(routes)).await;
        let answer = call_service(&service, TestRequest::get().uri("/v1/failed").to_request()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        read_body_json(answer).await
    });
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["items"][0]["article_id"], "a-7");
    let error = listed["items"][0]["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("the program broke at it") && error.contains("a test has the program break"),
        "{error}"
    );

    // Tried again by the same program it fails again, and nothing else is harmed.
    assert_eq!(pipeline.retry(&[]).expect("queued"), [ids[7].clone()]);
    assert!(pipeline.wait_placed(&ids, PATIENCE));
    assert_eq!(states(), wanted);
    pipeline.close();
    drop(pipeline);

    // By one that is mended it is placed, and then the store is as sound as any.
    let pipeline = start(dir.path(), &settings, false);
    assert_eq!(pipeline.retry(&[]).expect("queued").len(), 1);
    assert!(pipeline.wait_placed(&ids, PATIENCE));
    let article = pipeline.store().article("a-7").expect("read").expect("there");
    assert_eq!((article.state.as_str(), article.error), ("placed", None));
    assert_eq!(pipeline.store().totals().expect("read").failed, 0);
    for checked in pipeline.store().check().expect("looked at") {
        assert!(checked.troubles.is_empty(), "{checked:?}");
    }
}
