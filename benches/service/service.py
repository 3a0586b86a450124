"""A running service: started on a free port, asked over HTTP, measured from outside, stopped."""
import http.client
import json
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """What cannot be measured, and what to do."""


class Service:
    """`silsila serve` on `data`; `seconds` is the time until it said that it is ready."""

    def __init__(self, binary, data, log, environment=None):
        started = time.monotonic()
        self.log = open(log, "ab")
        self.child = subprocess.Popen(
            [str(binary), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data)],
            stdout=subprocess.PIPE, stderr=self.log, env=environment)
        line = self.child.stdout.readline().decode()
        self.seconds = time.monotonic() - started
        if "http://" not in line:
            raise Failure(f"the service did not start; {log} says why")
        self.address = line.split()[-1].removeprefix("http://").rstrip("/")
        self.connection = http.client.HTTPConnection(self.address, timeout=120)

    def ask(self, method, path, body=None):
        """Status, and the answer read as JSON."""
        headers = {"content-type": "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if body is not None else None
        try:
            self.connection.request(method, path, data, headers)
            answer = self.connection.getresponse()
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            # The service ends connections that nobody used for a while.
            self.connection.close()
            self.connection.request(method, path, data, headers)
            answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def get(self, path):
        status, answer = self.ask("GET", path)
        if status != 200:
            raise Failure(f"GET {path} answered {status}: {answer}")
        return answer

    def memory(self):
        """Megabytes in memory: now, and at most so far."""
        fields = dict(line.split(":", 1) for line in
                      pathlib.Path(f"/proc/{self.child.pid}/status").read_text().splitlines() if ":" in line)
        return tuple(int(fields[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM"))

    def queued(self):
        return self.get("/readyz")["queued"]

    def close(self):
        """Seconds that it took to end by SIGTERM."""
        started = time.monotonic()
        self.connection.close()
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(60)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise Failure("the service did not end within a minute of SIGTERM") from None
        finally:
            self.log.close()
        return time.monotonic() - started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
