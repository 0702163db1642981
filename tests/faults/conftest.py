"""The log and the workers of these tests are those of the tests of the workers."""

from tests.workers.conftest import log, start_worker

__all__ = ["log", "start_worker"]
