"""The judge of nvcc's output finds what it looks for."""

import pytest

from device.kernel_report import Kernel, faults, forbidden, kernels_of, launch_bounds, main

LOG = """
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_Z5firstPf' for 'sm_80'
ptxas info    : Function properties for _Z5firstPf
    16 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 376 bytes cmem[0]
ptxas info    : Compiling entry function '_Z6secondPf' for 'sm_90a'
ptxas info    : Function properties for _Z6secondPf
    0 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 128 registers, used 1 barriers, 376 bytes cmem[0]
"""
PTX = """
// atom.add is a word of this comment; so is ex2.approx
.visible .entry _Z5firstPf(
	.param .u64 .ptr .align 1 _Z5firstPf_param_0
)
.maxntid 256, 1, 1
{
	.reg .pred 	%p<2>;
	.reg .b32 	%red<2>;
	mul.ftz.f32 	%f2, %f1, %f1;
	redux.sync.add.s32 %r1, %r2, %r3;
	div.rn.ftz.f32 	%f3, %f2, %f1;
	ret;
}
.visible .entry _Z6secondPf(
	.param .u64 _Z6secondPf_param_0
)
.maxntid 512
.minnctapersm 1
{
	ret;
}
"""


def test_registers_and_spills_are_read():
    assert kernels_of(LOG) == [
        Kernel("_Z5firstPf", "sm_80", 40, 0),
        Kernel("_Z6secondPf", "sm_90a", 128, 12),
    ]


@pytest.mark.parametrize(
    "directives, registers",
    [
        (".maxntid 256, 1, 1", 255),
        (".maxntid 512", 128),
        (".maxntid 16, 32, 2", 64),
        (".maxntid 512, 1, 1\n.minnctapersm 2", 64),
        (".maxntid 33, 1, 1\n.minnctapersm 10", 102),
        ("", None),
    ],
)
def test_launch_bounds_become_registers(directives, registers):
    assert launch_bounds(f".entry f(\n.param .u64 a\n)\n{directives}\n{{ ret; }}") == {
        "f": registers
    }


def test_good_kernels_have_no_instruction_that_is_forbidden():
    assert forbidden(PTX) == []


@pytest.mark.parametrize(
    "instruction",
    [
        "atom.global.add.f32 %f1, [%rd1], %f2;",
        "@%p1 red.global.add.f32 [%rd1], %f2;",
        "@!%p1 atom.shared.cas.b32 %r1, [%r2], %r3, %r4;",
        "ex2.approx.ftz.f32 %f1, %f2;",
        "div.approx.f32 %f1, %f2, %f3;",
        "div.full.f32 %f1, %f2, %f3;",
    ],
)
def test_an_instruction_that_is_forbidden_is_found(instruction):
    opcode = next(word for word in instruction.split() if word[0].isalpha())
    assert forbidden(PTX.replace("ret;", instruction + "\n\tret;", 1)) == [opcode]


def test_each_fault_is_named():
    log = LOG.replace("Used 40", "Used 256").replace("8 bytes spill", "0 bytes spill")
    ptx = PTX.replace("ret;", "ex2.approx.f32 %f1, %f2;", 1).replace(".maxntid 512", "")
    assert list(faults(log, {"plugin.ptx": ptx})) == [
        "plugin.ptx has ex2.approx.f32",
        "_Z5firstPf for sm_80 takes 256 registers, and may have 255",
        "_Z6secondPf for sm_90a spills 4 bytes",
        "_Z6secondPf for sm_90a states no launch bounds",
    ]


@pytest.mark.parametrize("log, ptx, status", [(LOG, PTX, 1), ("", PTX, 1), (LOG, None, 1)])
def test_a_fault_or_a_missing_part_fails(tmp_path, capsys, log, ptx, status):
    files = [tmp_path / "log"]
    files[0].write_text(log)
    if ptx is not None:
        files.append(tmp_path / "plugin.ptx")
        files[1].write_text(ptx)
    assert main(*files) == status


def test_good_kernels_pass(tmp_path, capsys):
    log, ptx = tmp_path / "log", tmp_path / "plugin.ptx"
    log.write_text(LOG.replace("8 bytes spill stores, 4 bytes", "0 bytes spill stores, 0 bytes"))
    ptx.write_text(PTX)
    assert main(log, ptx) == 0
    assert "sm_90a: 128 registers, _Z6secondPf\nno fault" in capsys.readouterr().out
