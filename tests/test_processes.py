import os
import sys
import time

from got_train.processes import run_watched
from tests.conftest import HANG_SECONDS


def run(
    code,
    tmp_path,
    start_seconds=HANG_SECONDS,
    step_seconds=HANG_SECONDS,
    most_seconds=HANG_SECONDS,
    max_bytes=1000,
    max_memory=None,
    begin=b"",
):
    return run_watched(
        [sys.executable, "-c", code],
        tmp_path,
        {"PATH": "/usr/bin", "GIVEN": "yes"},
        start_seconds=start_seconds,
        step_seconds=step_seconds,
        most_seconds=most_seconds,
        max_bytes=max_bytes,
        max_memory=max_memory,
        begin=begin,
    )


def test_both_streams_come_back_from_the_folder_and_environment_given(tmp_path):
    code = (
        "import os, sys; print(os.getcwd(), os.environ['GIVEN'], flush=True); print('oops', file=sys.stderr)"
    )
    assert run(code, tmp_path) == (f"{tmp_path} yes\noops\n", None)


def test_a_silent_program_is_stopped_with_its_children(tmp_path):
    code = (
        "import subprocess, time; child = subprocess.Popen(['sleep', '9999']); print(child.pid, flush=True); "
        "time.sleep(9999)"
    )
    said, stopped = run(code, tmp_path, step_seconds=0.2)
    assert stopped == "takes too long"
    child = f"/proc/{int(said)}/stat"
    deadline = time.monotonic() + HANG_SECONDS
    # an ended process may wait for somebody to take note of it
    while os.path.exists(child) and open(child).read().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(child) or open(child).read().split()[2] == "Z"


def test_a_program_may_be_silent_until_it_begins_with_its_steps(tmp_path):
    code = "import time; print(1, flush=True); time.sleep(1); print('begin', flush=True); time.sleep(9999)"
    assert run(code, tmp_path, step_seconds=0.2, begin=b"begin") == ("1\nbegin\n", "takes too long")


def test_a_chattering_program_is_stopped(tmp_path):
    said, stopped = run("while True: print('more')", tmp_path)
    assert stopped == "writes without end"
    assert said.startswith("more\nmore\n")
    code = "import time\nwhile True: print('.', end='', flush=True); time.sleep(0.05)"
    assert run(code, tmp_path, most_seconds=1.0)[1] == "takes too long"


def test_a_program_that_a_signal_ends_is_said_to_be_stopped(tmp_path):
    code = "import os, signal; print('so far', flush=True); os.kill(os.getpid(), signal.SIGTERM)"
    assert run(code, tmp_path) == ("so far\n", "was ended by SIGTERM")
    assert run(code.replace("SIGTERM", "SIGKILL"), tmp_path) == ("so far\n", "was ended by SIGKILL")


def test_a_program_gets_no_more_memory_than_it_may_have(tmp_path):
    code = "import time; time.sleep(0.5); print(len(bytearray(1 << 30)))"
    assert run(code, tmp_path)[0] == f"{1 << 30}\n"
    assert "MemoryError" in run(code, tmp_path, max_memory=1 << 29)[0]
