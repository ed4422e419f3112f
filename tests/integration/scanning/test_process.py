"""How programs are run: what they see, what they may take, and that none of them is left behind."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from terrareg_adapters.scanning.process import Bounds, ProgramFailed, allowed_environment, command_line, run
from tests.integration.scanning.programs import PATH, program

FEW_SECONDS = Bounds(seconds=20)
HASTE = Bounds(seconds=3)


def is_running(process: int) -> bool:
    """Whether a process exists that is no zombie."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def until(condition: Callable[[], bool]) -> bool:
    """Whether `condition` comes true within ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            return False
        os.sched_yield()
    return True


def test_output_status_and_complaint_of_a_program_come_back(tmp_path: Path) -> None:
    tool = program(tmp_path, "print(sys.argv[1:]); print('oh', file=sys.stderr); sys.exit(3)")
    finished = run([str(tool), "a b", "$HOME;*"], {"PATH": PATH}, FEW_SECONDS, scratch=tmp_path, directory=tmp_path)
    assert finished.status == 3
    assert finished.output == b"['a b', '$HOME;*']\n"
    assert finished.complaint == "oh\n"
    with pytest.raises(ProgramFailed, match="status 3"):
        finished.require_success()


def test_a_program_sees_only_the_allowed_part_of_the_environment_and_a_home_of_its_own(tmp_path: Path) -> None:
    environment = allowed_environment(
        {
            "PATH": PATH,
            "HOME": "/home/registry",
            "SECRET_KEY": "s",
            "AWS_SECRET_ACCESS_KEY": "s",
            "HTTPS_PROXY": "http://proxy.example.com",
            "TRIVY_CACHE_DIR": "/cache",
            "INFRACOST_API_KEY": "s",
        },
        "TRIVY_",
    )
    tool = program(tmp_path, "print(json.dumps(dict(os.environ)))")
    finished = run([str(tool)], environment, FEW_SECONDS, scratch=tmp_path, directory=tmp_path)
    seen = json.loads(finished.output)
    seen.pop("LC_CTYPE", None)  # the interpreter of the stand-in sets it
    assert seen == {
        "PATH": PATH,
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "XDG_CACHE_HOME": "/home/registry/.cache",
        "HTTPS_PROXY": "http://proxy.example.com",
        "TRIVY_CACHE_DIR": "/cache",
        "GIT_TERMINAL_PROMPT": "0",
    }


def test_a_program_reads_nothing_and_starts_in_the_given_directory(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    tool = program(tmp_path, "print(repr(sys.stdin.read()), os.getcwd())")
    finished = run([str(tool)], {"PATH": PATH}, FEW_SECONDS, scratch=tmp_path, directory=inside)
    assert finished.output.decode() == f"'' {inside.resolve()}\n"


def test_a_program_of_the_same_name_in_the_directory_is_not_the_one_that_runs(tmp_path: Path) -> None:
    program(tmp_path, "print('hostile')")
    for path in [PATH, f":{PATH}", f".:{PATH}"]:
        with pytest.raises(ProgramFailed, match="no program 'tool'"):
            run(["tool"], {"PATH": path}, FEW_SECONDS, scratch=tmp_path, directory=tmp_path)


@pytest.mark.parametrize("content", [None, "", "#!/nowhere/interpreter\n"], ids=["absent", "empty", "no interpreter"])
def test_a_program_that_can_not_be_started_is_reported_as_failed(tmp_path: Path, content: str | None) -> None:
    tool = tmp_path / "tool"
    if content is not None:
        tool.write_text(content)
        tool.chmod(0o755)
    with pytest.raises(ProgramFailed, match="tool"):
        run([str(tool)], {"PATH": PATH}, FEW_SECONDS, scratch=tmp_path, directory=tmp_path)


def test_a_directory_that_is_not_there_is_reported_as_failed(tmp_path: Path) -> None:
    tool = program(tmp_path, "pass")
    with pytest.raises(ProgramFailed, match="can't be started"):
        run([str(tool)], {"PATH": PATH}, FEW_SECONDS, scratch=tmp_path, directory=tmp_path / "gone")


def test_a_program_that_hangs_is_killed_with_the_processes_that_it_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    tool = program(
        tmp_path,
        f"""
        child = subprocess.Popen(["sleep", "600"])
        open({str(started)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
        time.sleep(600)
        """,
    )
    with pytest.raises(ProgramFailed, match="longer than 3 seconds"):
        run([str(tool)], {"PATH": PATH}, HASTE, scratch=tmp_path, directory=tmp_path)
    for process in map(int, started.read_text().split()):
        assert until(lambda process=process: not is_running(process))  # type: ignore[misc]


def test_a_program_that_closes_its_output_and_hangs_is_killed_too(tmp_path: Path) -> None:
    tool = program(tmp_path, "os.close(1); os.close(2); time.sleep(600)")
    with pytest.raises(ProgramFailed, match="longer than"):
        run([str(tool)], {"PATH": PATH}, HASTE, scratch=tmp_path, directory=tmp_path)


@pytest.mark.parametrize("own_session", [False, True])
def test_a_process_left_in_the_background_does_not_hold_up_the_result(tmp_path: Path, own_session: bool) -> None:
    tool = program(
        tmp_path,
        f"""
        child = subprocess.Popen(["sleep", "30"], start_new_session={own_session})
        print(child.pid)
        """,
    )
    start = time.monotonic()
    finished = run([str(tool)], {"PATH": PATH}, FEW_SECONDS, scratch=tmp_path, directory=tmp_path)
    assert time.monotonic() - start < 15
    child = int(finished.output)
    if own_session:
        os.kill(child, 9)
    assert until(lambda: not is_running(child))


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_endless_output_ends_at_a_bound(tmp_path: Path, stream: str) -> None:
    tool = program(tmp_path, f"while True: sys.{stream}.write('x' * 65536)")
    bounds = Bounds(seconds=2 if stream == "stderr" else 60, output_bytes=1 << 20)
    with pytest.raises(ProgramFailed, match="more than 1048576 bytes" if stream == "stdout" else "longer than"):
        run([str(tool)], {"PATH": PATH}, bounds, scratch=tmp_path, directory=tmp_path)


def test_much_noise_on_standard_error_hinders_nothing_and_is_not_kept(tmp_path: Path) -> None:
    tool = program(tmp_path, "sys.stderr.write('noise ' * 500_000); print('done')")
    finished = run([str(tool)], {"PATH": PATH}, FEW_SECONDS, scratch=tmp_path, directory=tmp_path)
    assert finished.output == b"done\n"
    assert len(finished.complaint) == 2000


def test_output_of_just_the_bound_is_taken(tmp_path: Path) -> None:
    tool = program(tmp_path, "sys.stdout.write('x' * 300_000)")
    exact = Bounds(output_bytes=300_000)
    assert len(run([str(tool)], {}, exact, scratch=tmp_path, directory=tmp_path).output) == 300_000
    with pytest.raises(ProgramFailed, match="more than"):
        run([str(tool)], {}, Bounds(output_bytes=299_999), scratch=tmp_path, directory=tmp_path)


def test_a_command_is_split_at_spaces_and_quotes_only() -> None:
    assert command_line("scan --to '{directory}' \"a b\" $X;y") == ("scan", "--to", "{directory}", "a b", "$X;y")


@pytest.mark.parametrize("command", ["", "  ", "scan", "scan 'x {directory}", "{directory}", "scan {dir}"])
def test_a_command_that_can_not_be_meant_is_refused(command: str) -> None:
    with pytest.raises(ValueError, match="must be a command"):
        command_line(command)
