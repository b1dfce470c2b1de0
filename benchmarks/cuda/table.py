"""What was found, as a page of text."""

from floors import floor_us


def page(found, shapes, core_us=None):
    """The lines of all parts as text.

    Parameters
    ----------
    found : list of dict
        What the parts said, in order.
    shapes : sequence of Shape
        Those that were timed.
    core_us : float, optional
        Microseconds that one core of a CPU takes for a step of one network of the first shape.
    """

    def of(kind):
        return [one for one in found if one["kind"] == kind]

    device = next(iter(of("device")), {})
    pieces = [
        device_lines(device),
        bit_lines(of("bits")),
        [f"{one['tool']}: {one['outcome']}" for one in of("sanitizer")],
        *(
            shape_lines(shape, times, device, core_us if shape.form == shapes[0].form else None)
            for shape in shapes
            if (times := [one for one in of("time") if one["shape"] == shape.name])
        ),
        [f"{one['part']}: {one['why']}" for one in of("missing")],
    ]
    return "\n\n".join("\n".join(piece) for piece in pieces if piece) + "\n"


def device_lines(device):
    if not device:
        return []
    clock = device["clock_mhz"]
    return [
        f"{device['name']}, compute capability {device['compute_capability']}, "
        f"{device['multiprocessors']} multiprocessors, "
        f"{'clock unknown' if clock is None else f'{clock:.0f} MHz at most'}, "
        f"{device['memory'] / 2**30:.1f} GiB",
        f"driver {device['driver']}, runtime {device['runtime']}, plugin for {device['plugin']}",
    ]


def bit_lines(cases):
    if not cases:
        return []
    equal = [one for one in cases if one.get("differing") == {}]
    lines = [f"{len(equal)} of {len(cases)} cases have the recorded bits"]
    for one in cases:
        if "error" in one:
            lines.append(f"  {one['case']}: {one['error']}")
        elif one["differing"]:
            counts = ", ".join(f"{n} {what}" for what, n in one["differing"].items())
            lines.append(f"  {one['case']}: differ: {counts}")
    return lines


def shape_lines(shape, times, device, core_us):
    """A shape's step of all its networks, by each contestant."""
    floor = floor_us(shape, device)
    told = "floor unknown" if floor is None else f"floor {floor:.3g} us"
    lines = [f"{shape.name}: {told}"]
    own = next((one.get("us") for one in times if one["contestant"] == "deepgen"), None)
    for one in times:
        name = f"  {one['contestant']:28}"
        if "error" in one:
            lines.append(f"{name} {one['error']}")
            continue
        us = one["us"]
        line = f"{name} {us:10.3f} us ({one['least_us']:.3f} to {one['most_us']:.3f})"
        if floor is not None:
            line += f", {100 * floor / us:.1f} % of the floor's speed"
        if own is not None and one["contestant"] != "deepgen":
            line += f", {us / own:.2f} times deepgen's"
        elif core_us is not None:
            line += f", {shape.n_nets * core_us / us:.1f} CPU cores of {core_us:g} us"
        if one.get("differing"):
            line += f"; first steps differ: {', '.join(one['differing'])}"
        lines.append(line)
    return lines
