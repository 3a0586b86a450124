//! Being asked to stop: by SIGTERM or SIGINT, from the first moment of the process on.
//!
//! While the service starts nothing has been taken from anybody, and what is written then is whole or not there: the process
//! ends at once, in order. Before it answers and delivers, who serves takes over and lets requests end.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::watch;

/// That somebody asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// How: the signal's name.
    pub signal: &'static str,
    /// When.
    pub at: Instant,
    /// How often by now; who asks again does not want to wait for requests.
    pub times: u32,
}

/// Hears the signals.
pub struct Stop {
    asked: watch::Receiver<Option<Asked>>,
    ready: Arc<Mutex<bool>>,
}

impl Stop {
    /// Hears them from now on. Until [`Stop::ready`] is called the process ends with the first one, with status 0.
    ///
    /// # Errors
    /// When the system gives no thread, or no signals.
    pub fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _within = runtime.enter();
            Signals::new()?
        };
        let (send, asked) = watch::channel(None);
        let ready = Arc::new(Mutex::new(false));
        let told = Arc::clone(&ready);
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || hear(&runtime, signals, &send, &told))?;
        Ok(Self { asked, ready })
    }

    /// Something is about to be taken from others or sent to them: who serves looks after the signals from now on.
    pub fn ready(&self) {
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Waits until it was asked so often.
    pub async fn asked(&self, times: u32) -> Asked {
        let mut asked = self.asked.clone();
        let enough = |asked: &Option<Asked>| asked.is_some_and(|asked| asked.times >= times);
        match asked.wait_for(enough).await.map(|asked| *asked) {
            Ok(Some(asked)) => asked,
            // Its thread is gone: nobody will ever ask.
            _ => std::future::pending().await,
        }
    }
}

fn hear(runtime: &Runtime, mut signals: Signals, send: &watch::Sender<Option<Asked>>, ready: &Mutex<bool>) {
    for times in 1.. {
        let signal = runtime.block_on(signals.next());
        let ready = ready.lock().unwrap_or_else(PoisonError::into_inner);
        if !*ready {
            tracing::info!(signal, "stopped before it was ready; nothing had been taken");
            end();
        }
        send.send_replace(Some(Asked {
            signal,
            at: Instant::now(),
            times,
        }));
    }
}

/// Ends the process and leaves out what libraries have registered for its end: other threads may still be in their code, and ONNX
/// Runtime fails, or crashes, when its own is torn down while it loads a model.
#[cfg(unix)]
fn end() -> ! {
    signal_hook::low_level::exit(0)
}

#[cfg(not(unix))]
fn end() -> ! {
    std::process::exit(0)
}

#[cfg(unix)]
struct Signals {
    term: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without signals there is nothing to hear.
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
