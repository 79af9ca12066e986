"""Puts LLM load generators on the same work: closed loops against `llmeter mock`, judged by that server's own record.

Each tool gets a virtual environment of its own below a temporary folder, one processor, and a time limit. What a tool did
is read from the server's record and from the operating system; only its mean time to first token is its own word.
"""

import argparse
import datetime
import hashlib
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
TOKENS = 100
PROMPT = "Tell me how many streams you can hold."
INSTALL_LIMIT = 900  # seconds
RUN_LIMIT = 240
REQUESTS = {10: 14, 100: 6, 1000: 4}  # of each stream


class Skip(Exception):
    """Why a tool has no numbers."""


@dataclass
class Work:
    url: str  # of the server, without /v1
    streams: int
    each: int  # requests of each stream
    folder: Path  # of this run, empty
    python: str  # of the tool's environment

    @property
    def requests(self) -> int:
        return self.streams * self.each

    def tool(self, name: str) -> str:
        return str(Path(self.python).parent / name)


@dataclass
class Tool:
    name: str
    packages: list[str]  # to be installed; none = it needs no environment
    command: Callable[[Work], list[str]]
    ttft: Callable[[Work, str], float]  # its own mean, in seconds, from its files or its output


def find(folder: Path, pattern: str):
    """The first file of that name, as JSON."""
    for path in sorted(folder.rglob(pattern)):
        return json.loads(path.read_text())
    raise Skip(f"it wrote no {pattern}")


def llmeter_go(w: Work) -> list[str]:
    return [str(w.folder.parent / "llmeter"), "run", "--url", w.url + "/v1", "--model", "mock", "--prompt", PROMPT, "--max-tokens", str(TOKENS),
            "--clients", str(w.streams), "--requests", str(w.each), "--output", str(w.folder / "run"), "--format", "json"]


LLMETER = """
import json, sys
from llmeter.endpoints.openai import OpenAICompletionStreamEndpoint
from llmeter.runner import Runner
url, streams, each, tokens, prompt, folder = sys.argv[1:]
endpoint = OpenAICompletionStreamEndpoint(model_id="mock", api_key="none", base_url=url + "/v1", max_retries=0)
import asyncio
run = Runner(endpoint, output_path=folder, clients=int(streams), n_requests=int(each),
             payload={"messages": [{"role": "user", "content": prompt}], "max_tokens": int(tokens)})
result = asyncio.run(run.run())
print("TTFT", result.stats["time_to_first_token-average"])
"""


def llmeter(w: Work) -> list[str]:
    return [w.python, "-c", LLMETER, w.url, str(w.streams), str(w.each), str(TOKENS), PROMPT, str(w.folder)]


def evalscope(w: Work) -> list[str]:
    lines = w.folder / "prompts.txt"
    lines.write_text((PROMPT + "\n") * w.requests)
    return [w.tool("evalscope"), "perf", "--model", "mock", "--url", w.url + "/v1/chat/completions", "--api", "openai", "--dataset", "line_by_line",
            "--dataset-path", str(lines), "--parallel", str(w.streams), "--number", str(w.requests), "--max-tokens", str(TOKENS),
            "--stream", "--outputs-dir", str(w.folder)]


def guidellm(w: Work) -> list[str]:
    prompts = w.folder / "prompts.jsonl"
    prompts.write_text((json.dumps({"prompt": PROMPT, "output_tokens_count": TOKENS}) + "\n") * w.requests)
    return [w.tool("guidellm"), "run", "--backend", f"kind=openai_http,target={w.url}/v1,model=mock",
            "--profile", f"kind=concurrent,streams={w.streams}", "--constraint", f"kind=max_requests,count={w.requests}",
            "--data", f"kind=json_file,path={prompts}", "--output", f"kind=json,path={w.folder / 'benchmarks.json'}", "--disable-console"]


def aiperf(w: Work) -> list[str]:
    return [w.tool("aiperf"), "profile", "--model", "mock", "--url", w.url, "--endpoint-type", "chat", "--streaming", "--tokenizer", "builtin",
            "--use-server-token-count", "--concurrency", str(w.streams), "--request-count", str(w.requests),
            "--synthetic-input-tokens-mean", "8", "--output-tokens-mean", str(TOKENS), "--ui", "none", "--artifact-dir", str(w.folder)]


def printed(_: Work, output: str) -> float:
    match = re.search(r"^TTFT (\S+)$", output, re.M)
    if not match:
        raise Skip("it printed no TTFT")
    return float(match[1])


TOOLS = [
    Tool("llmeter-go", [], llmeter_go, lambda w, out: json.loads(out)["stats"]["ttft-mean"]),
    Tool("llmeter", ["llmeter[openai]==0.2.0", "openai<3"], llmeter, printed),
    Tool("evalscope", ["evalscope[perf]"], evalscope, lambda w, out: find(w.folder, "benchmark_summary.json")["Avg TTFT (ms)"] / 1e3),
    Tool("guidellm", ["guidellm>=0.8"], guidellm,
         lambda w, out: find(w.folder, "benchmarks.json")["benchmarks"][0]["metrics"]["time_to_first_token_ms"]["successful"]["mean"] / 1e3),
    Tool("aiperf", ["aiperf"], aiperf, lambda w, out: find(w.folder, "profile_export_aiperf.json")["time_to_first_token"]["avg"] / 1e3),
]


def ranks(scratch: Path) -> str:
    """A cache in which tiktoken, which aiperf's "builtin" is, finds OpenAI's ranks without a network."""
    module = subprocess.run(["go", "list", "-m", "-f", "{{.Dir}}", "github.com/pkoukk/tiktoken-go-loader"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.strip()
    cache = scratch / "tiktoken"
    cache.mkdir()
    for file in Path(module, "assets").glob("*.tiktoken"):
        url = "https://openaipublic.blob.core.windows.net/encodings/" + file.name
        shutil.copy(file, cache / hashlib.sha1(url.encode()).hexdigest())
    return str(cache)


class Server:
    """`llmeter mock` in a process of its own, on a processor of its own."""

    def __init__(self, binary: Path, core: list[str]):
        self.process = subprocess.Popen([*core, str(binary), "mock", "--listen", "127.0.0.1:0", "--ttft", "50ms", "--itl", "10ms"],
                                        stdout=subprocess.PIPE, text=True)
        self.url = re.search(r"http://[\d.:]+", self.process.stdout.readline())[0]

    def reset(self):
        urllib.request.urlopen(urllib.request.Request(self.url + "/mock/reset", method="POST"), timeout=30).close()

    def records(self) -> list[dict]:
        with urllib.request.urlopen(self.url + "/mock/records", timeout=60) as answer:
            return [json.loads(line) for line in answer]

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)


def environment(tool: Tool, scratch: Path, given: dict[str, str]) -> str:
    """The Python of an environment in which the tool is installed."""
    if not tool.packages:
        return sys.executable
    if tool.name in given:
        return str(Path(given[tool.name]) / "bin" / "python")
    folder = scratch / f"venv-{tool.name}"
    python = str(folder / "bin" / "python")
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=120)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary", *tool.packages],
                       check=True, capture_output=True, text=True, timeout=INSTALL_LIMIT)
    except subprocess.TimeoutExpired:
        raise Skip(f"not installed within {INSTALL_LIMIT} s") from None
    except subprocess.CalledProcessError as e:
        raise Skip("not installed: " + last_line(e.stderr)) from None
    return python


def last_line(text) -> str:
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1][:120] if lines else "it did not say why"


def version(tool: Tool, python: str) -> str:
    if not tool.packages:
        return "of this repository"
    name = re.split(r"[\[=<>]", tool.packages[0])[0]
    out = subprocess.run([python, "-c", f"from importlib.metadata import version; print(version({name!r}))"], capture_output=True, text=True)
    return out.stdout.strip() or "?"


def measure(tool: Tool, work: Work, server: Server, core: list[str]) -> list[str]:
    """One row of the table."""
    work.folder.mkdir(parents=True)
    server.reset()
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OPENAI_API_KEY": "none", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    process = subprocess.Popen([*core, *tool.command(work)], cwd=work.folder, env=offline, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)
    try:
        output, errors = process.communicate(timeout=RUN_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its whole family
        process.communicate()
        raise Skip(f"not through within {RUN_LIMIT} s") from None
    if process.returncode:
        raise Skip(f"exit status {process.returncode}: {last_line(errors or output)}")
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seen = [r for r in server.records() if r.get("events")]
    if not seen:
        raise Skip("nothing reached the server")
    truth = sum(first_token(r) for r in seen) / len(seen)
    chunks = sum(1 for r in seen for e in r["events"] if e.get("tokens"))
    try:
        own = tool.ttft(work, output)
        said, error = f"{own * 1e3:.1f}", f"{(own - truth) * 1e3:+.1f}"
    except (Skip, KeyError, TypeError, ValueError):
        said = error = "–"
    return [f"{len(seen)} of {work.requests}", str(in_flight(seen)), f"{truth * 1e3:.1f}", said, error, f"{cpu / chunks * 1e6:.0f}", f"{cpu:.1f}", f"{wall:.1f}"]


def first_token(record: dict) -> float:
    return next(e["at_ns"] for e in record["events"] if e.get("tokens")) / 1e9


def in_flight(records: list[dict]) -> int:
    """The most requests that were at the server at once."""
    changes = []
    for r in records:
        at = stamp(r["received"])
        changes += [(at, 1), (at + r["ended_ns"], -1)]
    level = most = 0
    for _, change in sorted(changes):
        level += change
        most = max(most, level)
    return most


def stamp(text: str) -> int:
    """Nanoseconds of a time in RFC 3339, of which datetime keeps microseconds alone."""
    seconds, fraction, zone = re.fullmatch(r"([^.Z+]+)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text).groups()
    whole = datetime.datetime.fromisoformat(seconds + zone.replace("Z", "+00:00"))
    return int(whole.timestamp()) * 10**9 + int((fraction or "").ljust(9, "0"))


def cores() -> tuple[list[str], list[str]]:
    """How to start client and server, each on a processor of its own where that can be had."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(allowed) < 2 or not shutil.which("taskset"):
        return [], []
    return ["taskset", "-c", str(allowed[0])], ["taskset", "-c", str(allowed[1])]


HEAD = ["tool", "version", "streams", "requests at the server", "in flight at most", "server's TTFT ms", "its own TTFT ms", "error ms", "CPU µs/chunk", "CPU s", "wall s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", default=",".join(t.name for t in TOOLS), help="which, separated by commas")
    parser.add_argument("--streams", default="10,100,1000", help="how many at once, separated by commas")
    parser.add_argument("--venv", action="append", default=[], metavar="TOOL=DIR", help="an environment in which a tool is installed already")
    parser.add_argument("--binary", help="the command llmeter to use, for both server and client; by default it is built from this repository")
    args = parser.parse_args()
    given = dict(v.split("=", 1) for v in args.venv)
    client, server_core = cores()
    print(f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors, {platform.system()} {platform.release()}, "
          f"Python {platform.python_version()}. Load average before it: {os.getloadavg()[0]:.2f}\n")
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * 2 + "--:|" * (len(HEAD) - 2), flush=True)
    with tempfile.TemporaryDirectory(prefix="llmeter-peers") as name:
        scratch = Path(name)
        if args.binary:
            shutil.copy(args.binary, scratch / "llmeter")
        else:
            subprocess.run(["go", "build", "-o", str(scratch / "llmeter"), "./cmd/llmeter"], cwd=ROOT, check=True)
        os.environ["TIKTOKEN_CACHE_DIR"] = ranks(scratch)
        for tool in (t for t in TOOLS if t.name in args.tools.split(",")):
            try:
                python = environment(tool, scratch, given)
            except Skip as why:
                print(f"| {tool.name} | skipped: {why} |", flush=True)
                continue
            for streams in map(int, args.streams.split(",")):
                server = Server(scratch / "llmeter", server_core)
                try:
                    work = Work(server.url, streams, REQUESTS.get(streams, 4), scratch / f"{tool.name}-{streams}", python)
                    row = measure(tool, work, server, client)
                except (Skip, OSError) as why:
                    row = [f"skipped: {why}"]
                finally:
                    server.close()
                print("| " + " | ".join([tool.name, version(tool, python), str(streams), *row]) + " |", flush=True)
    print("\nFirst chunk after 50 ms, then one every 10 ms, 100 chunks a request. The CPU is that of the whole process tree, start-up included.")


if __name__ == "__main__":
    main()
