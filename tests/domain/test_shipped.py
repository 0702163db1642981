"""The processes that ship hold every step of their tables: typed here once more, independently."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from domain.condition import holds
from domain.definition import Definition, anchor_name
from domain.document import (
    AUTOMATIC,
    Document,
    Due,
    Effects,
    EndsRun,
    Gate,
    Offset,
    Reminder,
    Reopens,
    Requires,
    Step,
    stored_form,
)
from domain.guest_steps import guest_step, is_guest
from domain.lint import lint
from domain.outline import Outline
from domain.words import RoleKey, StepKey
from interchange.documents.reading import read_document

PROCESSES = Path(__file__).parents[2] / "processes"


def load(name: str) -> Document:
    """A process that ships, without problems."""
    document, problems = read_document(PROCESSES / f"{name}.yaml")
    assert problems == []
    assert document is not None
    return document


CUSTOMER, HIRE = load("customer-onboarding"), load("hire-and-onboard")

# number | key | role | kind | required fields | other fields | due | after
CUSTOMER_STEPS = """
1|handoff_note|account_executive|form|goals promised_items known_risks|decision_maker why_bought|run_start +1bd|
2|assign_team|onboarding_lead|form|onboarding_manager solutions_engineer||1 done +1bd|1
3|risk_triage|onboarding_manager|form|risk|reason|2 done +1bd|2
4|agreement_draft|system|http||agreement_file agreement_hash||1
5|terms_review|legal|approval||decision comment|4 done +2bd|4
6|agreement_sent|system|email||||4 5
7|customer_signs|customer_champion|sign|signer_name signer_title signature||6 done +5bd|6
8|countersign|legal|sign|signature||7 done +1bd|7
9|file_contract|system|http||contract_url||8
10|crm_upsert|system|http||crm_account_id||8
11|followup_email|system|email||||10
12|billing_details|finance|form|billing_contact payment_terms|tax_id po_number|7 done +2bd|7
13|first_invoice|finance|task|invoice_number|file|12 done +1bd|12
14|kyc_check|compliance|approval||result evidence|7 done +3bd|7
15|intake_form|customer_champion|form|success_metric time_zone|stakeholders current_tools|11 done +3bd|11
16|stakeholder_map|onboarding_manager|form|decision_maker daily_user it_contact backup_contact||15 done +1bd|15
17|success_plan|onboarding_manager|form|go_live_target plan|milestones|15 done +2bd|15
18|kickoff_booked|onboarding_manager|form|kickoff_date||7 done +2bd|7
19|internal_handoff|account_executive|task||notes|kickoff_booked.kickoff_date -1bd|3 18
20|kickoff_agenda|system|email|||kickoff_booked.kickoff_date -1bd|16 17 18
21|kickoff_held|onboarding_manager|form|decisions|attendees open_points|kickoff_booked.kickoff_date +0bd|19 20
22|plan_agreed|customer_champion|approval||comment|21 done +2bd|21
23|provision|system|http||tenant_id||22 14
24|admin_invite|system|email||||23
25|admin_joined|system|wait|||24 done +3bd|24
26|branding|onboarding_manager|task||settings|23 done +3bd|23
27|roles_rights|solutions_engineer|form|role_matrix||25 done +3bd|25
28|sso_setup|customer_it|form|idp metadata||25 done +5bd|25
29|sso_tested|solutions_engineer|task|tested_user result||28 done +1bd|28
30|data_received|customer_champion|file|export_files|record_count|22 done +5bd|22
31|data_checked|solutions_engineer|form|rows rejected|issues|30 done +2bd|30
32|trial_import|solutions_engineer|form|rows_loaded rows_rejected|log|31 done +2bd|31 23
33|data_signed_off|customer_champion|approval||comment|32 done +2bd|32
34|integrations|solutions_engineer|form|integrations|results|25 done +5bd|25
35|acceptance|customer_champion|form|cases|blocking_issues|35 ready +3bd|27 29 33 34
36|admin_training|onboarding_manager|form|session_date|attendees|27 done +3bd|27
37|user_training|onboarding_manager|form|attended invited|sessions|36 done +5bd|36
38|support_ready|support_lead|form|sla_tier escalation_contacts|known_quirks|inputs.go_live_target -2bd|21
39|go_no_go|onboarding_lead|approval||decision conditions|inputs.go_live_target -1bd|35 37 38 26 13
40|go_live|solutions_engineer|task|cutover live_at||inputs.go_live_target +0bd|39
41|live_mail|system|email||||40
42|early_care|support_lead|form|issues_open mood||40 done +3bd|40
43|usage_pull|system|http||active_users adoption_rate|40 done +14cd|40
44|rescue_plan|onboarding_manager|form|causes actions||43 done +3bd|43
45|survey|customer_champion|form|score|comment|40 done +20cd|40
46|review_30|onboarding_manager|form|metric_reached|next_goals|40 done +30cd|42 43 44
47|hand_over|success_manager|approval|accepted|open_points|46 done +2bd|46 45
"""
HIRE_STEPS = """
1|hire_intake|recruiter|form|headcount_ref||run_start +0bd|
2|headcount_ok|hr_lead|approval||comment|2 ready +1bd|1
3|offer_made|system|http||offer_file||2
4|offer_signed|candidate|sign|signature accepted_start_date||4 ready +3bd|3
5|hris_record|system|http||employee_id||4
6|welcome_mail|system|email||||5
7|personal_data|candidate|form|legal_name address emergency_contact bank_account|tax_id|4 done +5bd|6
8|buddy|hiring_manager|form|buddy||inputs.start_date -5bd|4
9|disclosure|system|email||||4
10|consent|candidate|sign|signature||9 done +2bd|9
11|files_submitted|candidate|file|id_document proof_of_address references|certificates|10 done +3bd|10
12|files_complete|hr_coordinator|approval||files_ticked comment|11 done +1bd|11
13|check_ordered|system|http||check_ref||12 10
14|check_processed|system|wait|||13 done +7bd|13
15|report_review|hr_coordinator|form|finding|note|14 done +1bd|14
16|pre_adverse|system|email||||15
17|dispute_window|system|wait|||17 ready +5bd|16
18|check_decision|hr_lead|approval|decision|reason|18 ready +1bd|15 17
19|equipment|it|form|items|ship_to tracking|inputs.start_date -10bd|4
20|accounts|it|form|systems||inputs.start_date -3bd|18
21|access_works|it|task|login_tested when||inputs.start_date -1bd|20 19
22|first_day_mail|system|email|||inputs.start_date -1bd|8 18
23|first_day|hiring_manager|task||welcome|inputs.start_date +0bd|22
24|id_seen|hr_coordinator|form|documents seen_on||inputs.start_date +3bd|23
25|policies|new_hire|sign|handbook conduct security||inputs.start_date +2bd|23
26|security_training|new_hire|form|score||inputs.start_date +5bd|21
27|role_training|hiring_manager|task||modules|inputs.start_date +10bd|23
28|trained|hiring_manager|approval||comment|inputs.start_date +15bd|25 26 27
29|payroll_ok|payroll|task|first_pay_date||inputs.start_date +5bd|7
30|goals|hiring_manager|form|goals||inputs.start_date +20bd|28
31|day30_talk|hiring_manager|form|worries support_needed|going_well|inputs.start_date +30cd|28
32|day30_survey|new_hire|form|score|comment|inputs.start_date +30cd|28
33|day90_review|hr_lead|approval|outcome|summary|inputs.start_date +90cd|30 31
34|closed|system|http||||33 29 24 32
"""
UNITS = {"business_days": "bd", "calendar_days": "cd", "hours": "h"}


def rows(document: Document) -> list[str]:
    """The document as lines of the table above."""
    number = {step.key: str(place) for place, step in enumerate(document.steps, 1)}
    return [_row(step, number) for step in document.steps]


def _row(step: Step, number: dict[str, str]) -> str:
    required = " ".join(field.key for field in step.fields if field.required)
    other = " ".join(field.key for field in step.fields if not field.required)
    assert isinstance(step.after, tuple)
    after = " ".join(number[key] for key in step.after)
    parts = (
        number[step.key],
        step.key,
        step.role or "",
        step.kind,
        required,
        other,
        _due(step.due, number),
        after,
    )
    return "|".join(parts)


def _due(due: Due | None, number: dict[str, str]) -> str:
    if due is None:
        return ""
    kind, _, key = anchor_name(due.anchor).partition(":")
    anchor = f"{number[key]} {kind.removeprefix('step_')}" if key else kind
    return f"{anchor} {due.offset:+d}{UNITS[due.unit]}"


def numbers(document: Document, wanted: object) -> list[int]:
    """The numbers of the steps for which ``wanted`` holds."""
    assert callable(wanted)
    return [place for place, step in enumerate(document.steps, 1) if wanted(step)]


def guests(document: Document) -> list[int]:
    """The numbers of the steps of guests."""
    roles = {role.key for role in document.roles if role.guest}
    return numbers(document, lambda step: step.role in roles)


@pytest.mark.parametrize(("document", "table"), [(CUSTOMER, CUSTOMER_STEPS), (HIRE, HIRE_STEPS)])
def test_every_step_is_as_its_table_says(document: Document, table: str):
    """Key, role, kind, required and other fields, due and dependencies of each step."""
    assert rows(document) == table.strip().splitlines()


def test_the_customer_onboarding_has_the_counts_that_it_names():
    """47 unique keys in six stages; automatic steps, gates, guest steps and conditions in their places."""
    assert [len(stage.steps) for stage in CUSTOMER.stages] == [6, 8, 8, 12, 7, 6]
    assert len({step.key for step in CUSTOMER.steps}) == 47
    automatic = numbers(CUSTOMER, lambda step: step.kind in AUTOMATIC)
    assert automatic == [4, 6, 9, 10, 11, 20, 23, 24, 25, 41, 43]
    assert numbers(CUSTOMER, lambda step: step.gate is not None) == [5, 7, 14, 22, 33, 39]
    assert guests(CUSTOMER) == [7, 15, 22, 28, 30, 33, 35, 45]
    assert numbers(CUSTOMER, lambda step: step.when is not None) == [5, 14, *range(28, 34), 44]


def test_the_hire_has_the_counts_that_it_names():
    """34 unique keys in four stages; ten automatic steps, five gates, seven steps of the candidate or new hire."""
    assert [len(stage.steps) for stage in HIRE.stages] == [8, 10, 10, 6]
    assert [stage.title for stage in HIRE.stages] == [
        "Hire added", "Background check", "Training", "Onboarding finished",
    ]  # fmt: skip
    assert len({step.key for step in HIRE.steps}) == 34
    assert len(numbers(HIRE, lambda step: step.kind in AUTOMATIC)) == 10
    assert numbers(HIRE, lambda step: step.gate is not None) == [2, 4, 10, 18, 28]
    assert guests(HIRE) == [4, 7, 10, 11, 25, 26, 32]
    assert numbers(HIRE, lambda step: step.when is not None) == [16, 17, 24]


@pytest.mark.parametrize("document", [CUSTOMER, HIRE])
def test_no_dependency_points_forward(document: Document):
    """Every step waits for earlier ones only; lint and the engine see the same graph."""
    definition = Definition(document.key, 1, document)
    order = list(definition.steps)
    for key, waits in definition.dependencies.items():
        assert all(order.index(other) < order.index(key) for other in waits)
    assert Outline(document).waits_for == definition.dependencies


@pytest.mark.parametrize("document", [CUSTOMER, HIRE])
def test_what_ships_can_be_published(document: Document):
    """Lint finds nothing, the stored form is the document, and it fits into an event."""
    assert lint(document) == []
    stored = stored_form(document)
    assert Document.model_validate(stored) == document
    assert len(str(stored)) < 200_000


@pytest.mark.parametrize("document", [CUSTOMER, HIRE])
def test_people_are_told_what_to_do(document: Document):
    """Every step of a person has instructions, every mail a subject and a body."""
    for step in document.steps:
        assert step.instructions or step.kind in AUTOMATIC, step.key
        assert step.kind != "email" or (step.email is not None and len(step.email.body) > 80), step.key


@pytest.mark.parametrize("name", sorted(path.stem for path in PROCESSES.glob("*.yaml")))
def test_who_signs_what_ships_has_it_before_them(name: str):
    """Agreements, offers, disclosures and policies are texts of the step, or stand beside it as named."""
    for step in load(name).steps:
        assert step.kind != "sign" or step.texts or step.shows, step.key


def test_refusals_of_the_customer_onboarding_do_what_the_table_says():
    """Reopen, end the run, or require a new date."""
    steps = {step.key: step for step in CUSTOMER.steps}
    refusals = {key: step.approval.on_refusal for key, step in steps.items() if step.approval is not None}
    assert refusals == {
        "terms_review": Reopens(reopens=("handoff_note",)),
        "plan_agreed": Reopens(reopens=("success_plan",)),
        "data_signed_off": Reopens(reopens=("data_checked",)),
        "go_no_go": Requires(requires=("inputs.go_live_target",)),
    }
    signature = steps["customer_signs"].signature
    assert signature is not None
    assert signature.on_decline == EndsRun(ends_run="Not signed")


def test_the_customer_onboarding_sets_its_roles_on_the_way():
    """Team and customer IT are named in the forms; hand-over closes with the metric as outcome."""
    fills = {field.sets_role: step.key for step in CUSTOMER.steps for field in step.fields if field.sets_role}
    assert fills == {
        "onboarding_manager": "assign_team", "solutions_engineer": "assign_team", "customer_it": "stakeholder_map",
    }  # fmt: skip
    last = CUSTOMER.steps[-1]
    assert (last.closes_run, last.outcome_from) == (True, "review_30.metric_reached")


def test_the_hire_names_the_three_outcomes_of_the_background_check():
    """Submitted, processed, approved; who reviewed the report does not decide; a refusal ends the run."""
    steps = {step.key: step for step in HIRE.steps}
    assert [step.outcome for step in HIRE.steps if step.outcome] == ["submitted", "processed", "approved"]
    assert steps["check_decision"].actor_differs_from == ("report_review",)
    approval = steps["check_decision"].approval
    assert approval is not None
    assert isinstance(approval.on_refusal, EndsRun)
    assert (approval.on_refusal.ends_run, approval.on_refusal.email is not None) == ("Not cleared", True)


def applies(document: Document, key: str, **values: Any) -> bool:
    """Whether the condition of a step holds with these values; ``inputs__plan`` is ``inputs.plan``."""
    step = next(step for step in document.steps if step.key == key)
    return holds(step.when, {name.replace("__", "."): value for name, value in values.items()}, UTC)


def test_conditional_steps_of_the_customer_onboarding_apply_when_the_table_says():
    """The limit itself counts for terms, not for adoption; each of two reasons is enough by itself."""
    assert applies(CUSTOMER, "terms_review", inputs__contract_value=50_000)
    assert applies(CUSTOMER, "terms_review", inputs__contract_value=1, inputs__non_standard_terms=True)
    assert not applies(
        CUSTOMER, "terms_review", inputs__contract_value=49_999, inputs__non_standard_terms=False
    )
    assert applies(CUSTOMER, "kyc_check", inputs__plan="Enterprise", inputs__billing_country="DE")
    assert applies(CUSTOMER, "kyc_check", inputs__plan="Starter", inputs__billing_country="IR")
    assert not applies(CUSTOMER, "kyc_check", inputs__plan="Starter", inputs__billing_country="DE")
    for key in ("sso_setup", "sso_tested"):
        assert applies(CUSTOMER, key, inputs__needs_sso=True)
        assert not applies(CUSTOMER, key, inputs__needs_sso=False)
    for key in ("data_received", "data_checked", "trial_import", "data_signed_off"):
        assert applies(CUSTOMER, key, inputs__needs_migration=True)
        assert not applies(CUSTOMER, key, inputs__needs_migration=False)
    assert applies(CUSTOMER, "rescue_plan", usage_pull__adoption_rate=0.39)
    assert not applies(CUSTOMER, "rescue_plan", usage_pull__adoption_rate=0.4)


def test_conditional_steps_of_the_hire_apply_when_the_table_says():
    """A doubtful report has a notice and a window; originals are seen in the United States."""
    for key in ("pre_adverse", "dispute_window"):
        assert applies(HIRE, key, report_review__finding="consider")
        assert not applies(HIRE, key, report_review__finding="clear")
    assert applies(HIRE, "id_seen", inputs__work_country="US")
    assert not applies(HIRE, "id_seen", inputs__work_country="DE")


def told(offsets: tuple[Reminder, ...]) -> list[tuple[int, str, str]]:
    """Reminders as rows."""
    return [(each.offset, UNITS[each.unit], each.counted_from) for each in offsets]


@pytest.mark.parametrize(("document", "count"), [(CUSTOMER, 8), (HIRE, 7)], ids=["onboarding", "hire"])
def test_a_mail_brings_guests_a_link_to_each_of_their_steps(document: Document, count: int):
    """Nobody has to wait for a reminder to learn what is theirs; some mails lead there through automatic steps."""
    definition = Definition(document.key, 1, document)
    linking = [StepKey(step.key) for step in document.steps if step.email and step.email.guest_link]
    led_to = {guest_step(definition, key) for key in linking}
    theirs = {step.key for step in document.steps if step.role and is_guest(definition, RoleKey(step.role))}
    assert (len(theirs), led_to) == (count, theirs)


def test_the_customer_onboarding_has_the_automations_that_it_names():
    """The ladder, the weekly digest, the webhook of gates, and what a late forecast does."""
    assert told(CUSTOMER.reminders) == [(-1, "bd", "due"), (0, "bd", "due"), (2, "bd", "due")]
    assert CUSTOMER.escalate_after == Offset(offset=2)
    assert CUSTOMER.digest is not None
    assert (CUSTOMER.digest.offset, CUSTOMER.digest.unit, CUSTOMER.digest.after) == (
        7, "calendar_days", "kickoff_held",
    )  # fmt: skip
    assert [hook.on for hook in CUSTOMER.webhooks] == ["gate_outcome"]
    assert CUSTOMER.on_forecast_late == Effects(set_priority="urgent")
    assert all(role.lead for role in CUSTOMER.roles if role.key != "onboarding_lead")


def test_steps_of_the_customer_onboarding_remind_and_flag_as_the_table_says():
    """Signature, intake form, first login and survey have times of their own; a failing CRM is the manager's."""
    steps = {step.key: step for step in CUSTOMER.steps}
    assert told(steps["customer_signs"].reminders) == [(2, "bd", "ready"), (4, "bd", "ready")]
    assert told(steps["intake_form"].reminders) == [(1, "bd", "ready"), (2, "bd", "ready")]
    assert told(steps["survey"].reminders) == [(3, "cd", "due")]
    signs, survey = steps["customer_signs"].overdue, steps["survey"].overdue
    assert signs is not None
    assert signs.notify == ("account_executive",)
    assert survey is not None
    assert survey.skip_after == Offset(offset=10, unit="calendar_days")
    wait, crm = steps["admin_joined"].wait, steps["crm_upsert"].http
    assert wait is not None
    assert (wait.event, wait.on_timeout, wait.until) == ("admin.accepted", ("customer_champion",), None)
    assert crm is not None
    assert (crm.incident_to, crm.headers) == ("onboarding_manager", {"Idempotency-Key": "{run.id}"})
    (rule,) = steps["risk_triage"].rules
    assert (rule.then.set_priority, rule.then.notify) == ("urgent", ("onboarding_lead",))
    assert steps["kyc_check"].gate == Gate(blocks=("provision",))


def test_steps_of_the_hire_wait_and_repeat_as_the_table_says():
    """The window cannot be shortened, the report is waited for without end, 80 points pass, files are masked."""
    steps = {step.key: step for step in HIRE.steps}
    window, report = steps["dispute_window"].wait, steps["check_processed"].wait
    assert window is not None
    assert window.until is not None
    assert (window.event, window.fixed, window.until.offset, window.until.unit) == (
        "dispute.filed", True, 5, "business_days",
    )  # fmt: skip
    assert report is not None
    assert (report.event, report.until, report.on_timeout) == ("report.received", None, ("hr_coordinator",))
    assert steps["consent"].gate == Gate(blocks=("check_ordered",))
    assert all(field.sensitive for field in steps["files_submitted"].fields)
    passed = steps["security_training"].repeat_until
    assert passed is not None
    assert [holds(passed.condition, {"security_training.score": score}, UTC) for score in (79, 80)] == [
        False,
        True,
    ]
    (rule,) = steps["day30_talk"].rules
    assert rule.then.request_help
    assert steps["closed"].email is not None
