"""Every number computed independently of the real logs is compared with what views show, or said to have no view."""

from __future__ import annotations

import pytest

from tests.interchange.support import expected

EVERYWHERE = {
    "cases", "events", "activities", "first", "last", "span_days", "events_out_of_order_in_file",
    "events_same_timestamp_as_previous", "exact_duplicate_events", "case_hours", "events_per_case",
    "peak_concurrent_cases", "busiest_day", "busiest_minute_events", "variants_by_activity", "top_variant_share",
    "start_activities", "end_activities", "activity_counts_top12", "cases_with_rework", "weekend_event_share",
    "pm4py_check",
}  # fmt: skip
PEOPLE = {"resources", "events_without_resource", "lifecycle", "handovers"}
LOANS = {
    "cases_reaching_A_PARTLYSUBMITTED", "cases_reaching_A_PREACCEPTED", "cases_reaching_A_ACCEPTED",
    "cases_reaching_A_FINALIZED", "cases_reaching_A_APPROVED", "cases_reaching_A_ACTIVATED",
    "cases_reaching_A_DECLINED", "cases_reaching_A_CANCELLED", "cases_without_terminal_A_state",
    "cases_declined_and_approved", "work_items", "start_complete_pairs", "complete_without_start",
    "start_without_complete", "schedule_without_start", "service_seconds_p50", "service_seconds_p90",
    "wait_after_schedule_hours_p50", "off_hours_service_over_8h",
}  # fmt: skip
PERMITS = {
    "cases_with_planned_end", "cases_with_end", "finished_late_vs_planned", "planned_days_p50",
    "snapshot_2011-06-30", "channels", "departments", "groups", "responsible_distinct", "cases_with_deadline",
    "last_event_after_planned_end", "deadline_equals_planned",
}  # fmt: skip
NOT_SHOWN = {
    "actor_differs_from_responsible_share": "whose case it is stays an input; no view compares it with who acted",
}
COMPARED = {
    "bpic2012_loans": (EVERYWHERE | PEOPLE, LOANS),
    "receipt_permits": (EVERYWHERE | PEOPLE, PERMITS),
    "hiring_simulated": (EVERYWHERE, set()),
}


@pytest.mark.parametrize("folder", COMPARED)
def test_every_number_has_its_comparison(folder: str) -> None:
    """test_real_logs compares these; a number that is added to the reference is asked for here.

    Without a counterpart: how often the actor of an event is not the person responsible for the case.
    """
    wanted, (general, special) = expected(folder), COMPARED[folder]
    assert set(wanted) - {"domain"} == general
    assert set(wanted.get("domain", {})) - NOT_SHOWN.keys() == special
