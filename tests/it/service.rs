//! Runs the real binary; what the other files share.

use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The binary, for tests that change what is around it.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silsila"));
    command.args(arguments);
    command
}

/// Runs the binary to its end.
pub fn silsila(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the binary runs")
}

/// A data folder of one's own with the demonstration in it, which is ingested once for all tests.
pub fn demonstration() -> tempfile::TempDir {
    static INGESTED: OnceLock<PathBuf> = OnceLock::new();
    let ingested = INGESTED.get_or_init(|| {
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demonstration");
        let _ = std::fs::remove_dir_all(&data);
        let articles = concat!(env!("CARGO_MANIFEST_DIR"), "/demo");
        let run = silsila(&["ingest", "--data-dir", data.to_str().expect("a path"), articles]);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        data
    });
    let own = tempfile::tempdir().expect("a folder");
    mirror(ingested, own.path(), &|file, there| {
        std::fs::copy(file, there).map(drop)
    });
    own
}

/// Makes the folders of `from` in `to`, and puts every file into its place there by `put`.
pub fn mirror(from: &Path, to: &Path, put: &dyn Fn(&Path, &Path) -> std::io::Result<()>) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => mirror(&entry.path(), &target, put),
            false => put(&entry.path(), &target).expect("a copy"),
        }
    }
}

/// A running service; killed when dropped.
pub struct Service {
    child: Child,
    pub address: String,
}

/// Sends a process a signal by its name.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {process}")])
        .status()
        .expect("a shell");
    assert!(sent.success(), "the signal is sent");
}

/// All that a process that has ended wrote to its standard error.
pub fn said(child: &mut Child) -> String {
    let mut said = String::new();
    let mut pipe = child.stderr.take().expect("a pipe");
    pipe.read_to_string(&mut said).expect("text");
    said
}

impl Service {
    pub fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, "127.0.0.1:0", &[])
    }

    /// On another address, with settings from the environment.
    pub fn start_with(data_dir: &Path, listen: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_silsila"));
        command.envs(settings.iter().copied());
        Self::spawn(command, listen, data_dir)
    }

    /// Through another program, which runs what it is given behind its arguments in its own place.
    pub fn start_through(program: &[&str], data_dir: &Path) -> Self {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(env!("CARGO_BIN_EXE_silsila"));
        Self::spawn(command, "127.0.0.1:0", data_dir)
    }

    fn spawn(mut command: Command, listen: &str, data_dir: &Path) -> Self {
        let mut child = command
            .args(["serve", "--listen", listen, "--data-dir"])
            .arg(data_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the service starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("it says where it is");
        let address = line.split_whitespace().last().unwrap_or_default().to_owned();
        assert!(
            address.starts_with("http://"),
            "it says where it is: {line:?} (is the model there? `silsila model fetch`)"
        );
        Self { child, address }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// As by a loss of power.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// As by a service manager: asked to end.
    pub fn terminate(self) -> Ending {
        self.signal("TERM");
        Ending(self)
    }

    /// Status and body.
    pub fn post(&self, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut response = agent
            .post(format!("{}{path}", self.address))
            .header("content-type", kind)
            .send(body)
            .expect("an answer");
        let text = response.body_mut().read_to_string().expect("a body");
        (
            response.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// Status and body; redirects are not followed.
    pub fn get(&self, path: &str) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        let mut response = agent.get(format!("{}{path}", self.address)).call().expect("an answer");
        let text = response.body_mut().read_to_string().expect("a body");
        (
            response.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }
}

/// A service that was asked to end.
pub struct Ending(Service);

impl Ending {
    /// How it ended.
    pub fn wait(mut self) -> ExitStatus {
        self.0.child.wait().expect("it ends")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
