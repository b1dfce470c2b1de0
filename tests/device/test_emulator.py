"""The emulator finds what goes wrong in kernels, and right ones have the same bits in any order."""

import re
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from device.compiled import HERE, compile_program, run_program

pytestmark = pytest.mark.slow

PROGRAMS = HERE / "programs"
ORDERS = ["rising", "falling", "shuffled"]

# What is changed in matmul.cuh, and what it becomes.
FAULTS = {
    "no barrier after the load": ("__syncthreads(); // the tile is there", ""),
    "no barrier before the next load": ("__syncthreads(); // the tile is used", ""),
    "no barrier before the last sum": ("__syncthreads(); // the sums are there", ""),
    "a row too far": ("k + i < p.K ?", "k + i < p.K + 1 ?"),
    "a column too short": ("b[tile][tile + 1]", "b[tile][tile - 1]"),
    "barriers in two branches": (
        "__syncthreads(); // the tile is there",
        "if (row < p.M)\n__syncthreads();\nelse\n__syncthreads();",
    ),
    "an early return": (
        "float sum = 0.0f;",
        "if (row >= p.M)\nreturn;\nfloat sum = 0.0f;",
    ),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A function of a program's name, sanitizer and fault; each is compiled when it is asked for,
    those of matmul and its faults all at once."""
    folder = tmp_path_factory.mktemp("emulator")
    compiled = {}

    def build(name, sanitizer, fault):
        place = folder / "-".join([name, sanitizer, fault or "right"]).replace(" ", "_")
        place.mkdir()
        if fault is not None:
            before, after = FAULTS[fault]
            kernel = (PROGRAMS / "matmul.cuh").read_text()
            assert kernel.count(before) == 1
            # The lines keep their numbers up to the fault.
            (place / "matmul.cuh").write_text(kernel.replace(before, after))
            (place / f"{name}.cpp").write_text((PROGRAMS / f"{name}.cpp").read_text())
        source = PROGRAMS if fault is None else place
        compile_program(source / f"{name}.cpp", place / "program", sanitizer)
        return place / "program"

    with ThreadPoolExecutor(2) as pool:

        def get(name, sanitizer="none", fault=None):
            key = name, sanitizer, fault
            if key not in compiled:
                compiled[key] = pool.submit(build, *key)
            return compiled[key].result()

        yield get
        pool.shutdown(cancel_futures=True)


def run_fault(program, fault, sanitizer="none", order="rising", shape=()):
    return run_program(
        program("matmul", sanitizer, fault),
        *shape,
        sanitizer=sanitizer,
        DEEPGEN_EMULATED_ORDER=order,
    )


def line_of(text):
    lines = (PROGRAMS / "matmul.cuh").read_text().splitlines()
    [number] = [i for i, line in enumerate(lines, 1) if text in line]
    return number


@pytest.mark.parametrize("sanitizer", ["none", "address", "thread"])
def test_a_right_kernel_has_the_same_bits_in_all_orders(program, sanitizer):
    seen = [run_fault(program, None, sanitizer, order) for order in ORDERS]
    assert [status for status, _ in seen] == [0, 0, 0]
    assert len({output for _, output in seen}) == 1
    assert seen[0][1].count(" 0 differ") == 4


@pytest.mark.parametrize(
    "fault",
    [
        "no barrier after the load",
        "no barrier before the next load",
        "no barrier before the last sum",
        "a row too far",
    ],
)
def test_wrong_numbers_show_in_some_order(program, fault):
    statuses = [run_fault(program, fault, order=order)[0] for order in ORDERS]
    assert 1 in statuses


def test_barriers_in_two_branches_are_told_apart(program):
    status, output = run_fault(program, "barriers in two branches")
    assert status == -signal.SIGABRT
    line = line_of("the tile is there")
    assert "kernel: threads meet at different places" in output
    assert f"matmul.cuh:{line + 1}" in output
    assert f"matmul.cuh:{line + 3}" in output


def test_an_early_return_before_a_barrier_is_found(program):
    status, output = run_fault(program, "an early return")
    assert status == -signal.SIGABRT
    message = r"kernel: 16 of 256 threads wait for ever: block .* at .*matmul\.cuh:(\d+)"
    [line] = re.findall(message, output)
    assert int(line) == line_of("the tile is there") + 2


@pytest.mark.parametrize(
    "fault, message",
    [
        ("a row too far", "AddressSanitizer: heap-buffer-overflow"),
        ("a column too short", r"matmul\.cuh:\d+:\d+: runtime error: index 15 out of bounds"),
    ],
)
def test_wrong_addresses_show_under_address_sanitizer(program, fault, message):
    status, output = run_fault(program, fault, "address")
    assert status != 0
    assert re.search(message, output)


@pytest.mark.parametrize(
    "fault, shape, writes, reads",
    [
        ("no barrier after the load", (), "[i][j] =", "sum = fmaf("),
        ("no barrier before the next load", ("16", "16", "64"), "[i][j] =", "sum = fmaf("),
        ("no barrier before the last sum", (), "warp_sums[thread / 32] =", "all += warp_sums"),
    ],
)
def test_a_missing_barrier_is_a_race_of_two_lines(program, fault, shape, writes, reads):
    status, output = run_fault(program, fault, "thread", shape=shape)
    assert status != 0
    assert "ThreadSanitizer: data race" in output
    lines = (PROGRAMS / "matmul.cuh").read_text().splitlines()
    raced = " ".join(
        lines[int(number) - 1] for number in re.findall(r"#0 .*matmul\.cuh:(\d+)", output)
    )
    assert writes in raced
    assert reads in raced


RIGHT_CASES = ["shuffles", "halves", "fresh_memory", "denormals", "indices", "ordered_warp"]


@pytest.mark.parametrize("sanitizer", ["none", "address", "thread"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("case", RIGHT_CASES)
def test_threads_do_what_the_language_says(program, case, order, sanitizer):
    status, output = run_program(
        program("threads", sanitizer), case, sanitizer=sanitizer, DEEPGEN_EMULATED_ORDER=order
    )
    assert (status, output) == (0, "right\n")


@pytest.mark.parametrize(
    "case, message",
    [
        ("wrong_lane", "a lane wants the value of one that is not in the mask"),
        ("wrong_mask", "32 of 64 threads wait for ever"),
        ("missing_lane", "31 of 64 threads wait for ever"),
        ("different_barriers", "threads meet at different places"),
        ("barrier_in_a_warp", "32 of 64 threads wait for ever"),
    ],
)
def test_a_meeting_that_cannot_be_ends_the_program(program, case, message):
    status, output = run_program(program("threads"), case)
    assert status == -signal.SIGABRT
    assert re.search(rf"kernel: {message}: block \(0, 0, 0\), thread .* at .*threads\.cpp:", output)


def test_a_full_stack_ends_the_program(program):
    assert run_program(program("threads"), "too_deep")[0] == -signal.SIGSEGV


@pytest.mark.parametrize("name, case", [("threads", "beyond_shared"), ("runtime", "beyond_end")])
def test_writes_beyond_the_end_of_memory_end_the_program(program, name, case):
    status, output = run_program(program(name), case)
    assert status == -signal.SIGABRT
    assert output == "kernel: something was written beyond the end of memory\n"


@pytest.mark.parametrize("case", ["unordered_warp", "across_blocks"])
def test_races_in_a_warp_and_between_blocks_are_found(program, case):
    status, output = run_program(program("threads", "thread"), case, sanitizer="thread")
    assert status != 0
    assert "ThreadSanitizer: data race" in output


@pytest.mark.parametrize(
    "name, case, message",
    [
        ("threads", "beyond_shared", "heap-buffer-overflow"),
        ("runtime", "beyond_end", "heap-buffer-overflow"),
        ("runtime", "after_free", "heap-use-after-free"),
    ],
)
def test_memory_beyond_its_end_or_its_life_is_found(program, name, case, message):
    status, output = run_program(program(name, "address"), case)
    assert status != 0
    assert f"AddressSanitizer: {message}" in output


def answers(program, case, **environment):
    """What each call said, in order."""
    status, output = run_program(program("runtime"), case, **environment)
    assert status == 0
    return output.splitlines()


def test_an_unknown_wish_is_refused(program):
    for name in ("DEEPGEN_EMULATED_ORDER", "DEEPGEN_EMULATED_FAULT", "DEEPGEN_EMULATED_MEMORY"):
        status, output = run_program(program("threads"), "indices", **{name: "sideways"})
        assert status == -signal.SIGABRT
        assert f"kernel: {name} is no" in output


INSUFFICIENT = "CUDA driver version is insufficient for CUDA runtime version"


@pytest.mark.parametrize(
    "fault, count, versions",
    [
        ("", "no error", "1 devices, driver 13000, runtime 13000"),
        ("no_driver", INSUFFICIENT, "0 devices, driver 0, runtime 13000"),
        ("old_driver", INSUFFICIENT, "0 devices, driver 12040, runtime 13000"),
        (
            "no_device",
            "no CUDA-capable device is detected",
            "0 devices, driver 13000, runtime 13000",
        ),
    ],
)
def test_a_device_or_driver_can_be_missing(program, fault, count, versions):
    said = answers(program, "describe", DEEPGEN_EMULATED_FAULT=fault)
    assert f"count: {count}" in said
    assert f"properties: {count}" in said
    assert versions in said


def test_a_device_can_be_old(program):
    of_a_device = "emulated, {}.0, 132 multiprocessors, 232448 bytes shared"
    assert of_a_device.format(9) in answers(program, "describe")
    assert of_a_device.format(7) in answers(
        program, "describe", DEEPGEN_EMULATED_FAULT="old_device"
    )


def test_memory_can_be_short(program):
    assert answers(program, "memory", DEEPGEN_EMULATED_MEMORY="1000") == [
        "half: no error",
        "info: no error",
        "500 of 1000 free",
        "more: out of memory",
        "peek: out of memory",
        "last: out of memory",
        "after: no error",
        "free: no error",
        "again: no error",
        "too many: invalid argument",
        "wrong way: invalid argument",
        "right way: no error",
        "no such memory: invalid argument",
        "free: no error",
    ]


def test_more_shared_memory_must_be_asked_for(program):
    assert answers(program, "shared") == [
        "48 KB: no error",
        "100 KB: invalid argument",
        "allow: no error",
        "227 KB: no error",
        "more: invalid argument",
        "allow more: invalid argument",
        "1024 threads: no error",
        "1025 threads: invalid configuration argument",
        "no blocks: invalid configuration argument",
        "wait: no error",
    ]


def test_a_graph_repeats_its_launches_with_their_arguments(program):
    said = answers(program, "graph")
    assert "wait while it records: operation not permitted when stream is capturing" in said
    assert "14 14" in said
    assert said[-1] == "destroy again: invalid resource handle"


def test_a_failed_launch_shows_when_it_is_waited_for(program):
    assert answers(program, "launch", DEEPGEN_EMULATED_FAULT="launch") == [
        "malloc: no error",
        "launch: no error",
        "copy: unspecified launch failure",
        "wait: unspecified launch failure",
        "malloc: unspecified launch failure",
    ]
