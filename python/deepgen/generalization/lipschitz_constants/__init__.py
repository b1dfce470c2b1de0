"""Lipschitz constants: how fast predictions change with the inputs."""
