"""Health follows lag, not connections; the watchdog follows progress."""

from workers.health import Consumer, Facts, Parked, judge
from workers.watchdog import Watchdog

GOOD = Facts(head=100, settings={"fsync": "on", "synchronous_commit": "on", "sync_interval": "always"})


def behind(name: str, lag_ms: float) -> Facts:
    """One consumer that is this late."""
    return Facts(head=100, consumers=(Consumer(name, 90, 10, lag_ms),))


def test_keeping_up_is_healthy():
    """A little lag is normal."""
    assert judge(GOOD).state == "healthy"
    assert judge(behind("board_v1", 500)).state == "healthy"


def test_lag_degrades_and_then_fails():
    """Seconds behind are a warning, a minute is a failure."""
    assert judge(behind("board_v1", 5_000)).state == "degraded"
    assert judge(behind("board_v1", 90_000)).state == "unhealthy"


def test_a_broker_that_is_away_degrades_only():
    """Without NATS the views keep up by the poll; the relay is late for a known reason."""
    away = Facts(head=100, consumers=behind("relay", 900_000).consumers, unreachable=("nats",))
    assert judge(away).state == "degraded"
    assert judge(Facts(unreachable=("postgres",))).state == "unhealthy"


def test_unsafe_settings_are_unhealthy():
    """A server that may lose what it acknowledged is named with the setting."""
    for name, value in (("fsync", "off"), ("synchronous_commit", "off"), ("sync_interval", "2m")):
        health = judge(Facts(head=1, settings={name: value}))
        assert (health.state, health.reasons) == ("unhealthy", (f"{name} is {value}",))


def test_parked_streams_are_visible():
    """A projection that gave up on a stream degrades."""
    assert judge(Facts(head=1, parked=(Parked("board", "x", 3),))).reasons == ("board parked 1 streams",)


def test_standing_still_costs_the_subscription_and_then_the_process():
    """Behind the log with nothing applied: subscribe anew after the patience, give up after twice as long."""
    watchdog = Watchdog(patience_seconds=10)
    seen = [watchdog.judge(5, now, behind=True) for now in (0, 9, 10, 19, 20)]
    assert seen == ["fine", "fine", "resubscribe", "fine", "give_up"]


def test_progress_calms_the_watchdog():
    """Being behind is no fault while something is applied, and neither is being done."""
    watchdog = Watchdog(patience_seconds=10)
    assert [watchdog.judge(now, now, behind=True) for now in (0, 20, 40)] == ["fine"] * 3
    assert [watchdog.judge(40, now, behind=False) for now in (60, 80)] == ["fine"] * 2
