"""Checks that LLMeter (Python, 0.2.0) loads a run folder of this module and finds the same numbers in it.

    python check_folder.py FOLDER

Prints the statistics of LLMeter's Result.load(FOLDER) as JSON. Exits with 1 if one of those that LLMeter computes
itself differs from FOLDER/stats.json, if a response or a summary field does not arrive, or if loading fails.
"""

import dataclasses
import json
import sys
from datetime import datetime
from pathlib import Path

from llmeter.endpoints import InvocationResponse
from llmeter.results import Result


def plain(value):
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def same(ours, theirs):
    if isinstance(theirs, datetime):
        return datetime.fromisoformat(ours.replace("Z", "+00:00")) == theirs
    if isinstance(ours, float) and isinstance(theirs, float):
        return ours == theirs
    return type(ours) is type(theirs) and ours == theirs


def problems(folder, result):
    ours = json.loads((folder / "stats.json").read_text())
    computed = Result._compute_stats(result)
    for key, theirs in computed.items():
        if key == "responses":
            continue
        theirs = plain(theirs) if not isinstance(theirs, datetime) else theirs
        if key not in ours:
            yield f"{key}: stats.json does not have it; LLMeter computes {theirs!r}"
        elif not same(ours[key], theirs):
            yield f"{key}: stats.json says {ours[key]!r}, LLMeter computes {theirs!r}"

    lines = [json.loads(line) for line in (folder / "responses.jsonl").open()]
    names = [f.name for f in dataclasses.fields(InvocationResponse)]
    if len(lines) != len(result.responses) or len(lines) != result.total_requests:
        yield f"{len(lines)} lines, {len(result.responses)} responses, total_requests {result.total_requests}"
    for number, (line, response) in enumerate(zip(lines, result.responses), 1):
        if list(line) != names:
            yield f"line {number}: its keys are {list(line)}, LLMeter writes {names}"
        if line["request_time"] is not None and not isinstance(response.request_time, datetime):
            yield f"line {number}: LLMeter cannot read its request_time"
        if response.annotations != line["annotations"]:
            yield f"line {number}: its annotations do not arrive"

    bare = Result.load(folder, load_responses=False)
    if bare.stats.get("total_requests") != result.total_requests:
        yield "loading without responses gives other statistics"
    summary = json.loads((folder / "summary.json").read_text())
    if list(summary) != [f.name for f in dataclasses.fields(Result) if f.name != "responses"]:
        yield f"summary.json has the keys {list(summary)}"


def main():
    folder = Path(sys.argv[1])
    result = Result.load(folder)
    print(json.dumps({k: plain(v) for k, v in result.stats.items()}, indent=4, default=str))
    found = list(problems(folder, result))
    for problem in found:
        print(problem, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
