"""The device's code without a device: kernels and plugin on the emulator."""
