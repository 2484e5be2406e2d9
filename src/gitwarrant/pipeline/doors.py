"""What must stand open at the moment of a deploy: windows, suspension, and glass that was broken.

Asked before a warrant is issued, and again before one that was issued goes on.
Source: docs/trust-protocol.md, section 7.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

from gitwarrant.model.alarm import Alarm
from gitwarrant.model.canonical import sha256
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.hold import Hold
from gitwarrant.model.statement import OrderKind
from gitwarrant.pipeline.alarms import Alarms
from gitwarrant.pipeline.question import Question
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.orders import Given, broken_glass, judge_orders, suspension
from gitwarrant.trust.windows import closed

RECENT = timedelta(days=1)  # what ended longer ago is no news


def orders(question: Question) -> tuple[Given, ...]:
    """All orders about the environment of a question, judged."""
    return judge_orders(
        question.change.statements,
        question.root.repository,
        question.environment,
        Registry(question.policy, question.root.keys),
        witnessed=question.witnessed,
        now=question.now,
    )


def asked_again(question: Question, now: datetime) -> Question:
    """The same question at the moment of a deploy: later, and waived only while the order to do so lives."""
    again = replace(question, now=now)
    lives = question.waived and broken_glass(orders(again), question.change.head)
    return replace(again, waived=bool(lives))


def check_doors(question: Question) -> None:
    """Whether the environment may be changed now.

    Raises:
        Refused: stage `authorise`: it is held, suspended, or a window is closed; broken glass
            opens the last two, the way back the last.
    """
    if question.hold and not question.returns:
        refuse_held(question.hold, question.environment)
    if question.waived:
        return
    environment = question.environment
    order = suspension(orders(question))
    if order:
        raise Refused(
            f"environment {environment.name!r} was suspended by {order.identity}: {order.reason} "
            f"(until {order.expires:%Y-%m-%d %H:%M})",
            stage="authorise",
            remedy=f"wait, or an operator runs: gitwarrant resume {environment.name} --reason TEXT",
            place=environment.place,
        )
    shut = None if question.returns else closed(environment, question.now)
    if shut:
        question.refuse_unheard()
        raise Refused(
            f"environment {environment.name!r} is closed: {shut}",
            stage="authorise",
            remedy="wait; in an emergency: gitwarrant break-glass",
            place=shut.window.place,
        )


def refuse_held(hold: Hold, environment: Environment) -> NoReturn:
    """Say where an environment is held, by whom, and how it is released.

    Raises:
        Refused: stage `authorise`.
    """
    who = f"by {' and '.join(hold.by)}" if hold.by else "by itself"
    raise Refused(
        f"environment {environment.name!r} is held at {hold.commit[:12]} {who}: {hold.reason}",
        stage="authorise",
        remedy=f"an operator runs: gitwarrant rollback {environment.name} --release --reason TEXT",
        place=environment.place,
    )


def asked_of_glass(question: Question, alarms: Alarms) -> Question:
    """The question with what broken glass adds: a waiver once its alarm was heard, else why there is none.

    What needs no waiver passes without one, whether or not anybody hears the alarm.
    """
    environment, head = question.environment, question.change.head
    given = broken_glass(orders(question), head)
    if not given:
        return question
    order = given[0].order
    people = " and ".join(item.order.identity for item in given)
    what = f"glass broken by {people} for {head[:12]}: {order.reason} (incident {order.incident})"
    unheard = alarms.raise_(Alarm(given[0].digest, "break-glass", environment.name, what, question.now))
    if unheard:
        return replace(question, unheard=f"{what}, but nobody acknowledged the alarm about it: {unheard}")
    return replace(question, waived=True)


def announce(question: Question, alarms: Alarms) -> None:
    """Alarm that a suspension began, and that one ended by itself."""
    found = [item for item in orders(question) if item.order.kind is OrderKind.SUSPEND]
    for item in found:
        order, name = item.order, item.order.environment
        if not item.reason:
            what = f"{name} was suspended by {order.identity}: {order.reason}"
            alarms.raise_(Alarm(item.digest, "suspended", name, what, question.now))
        elif item.reason.startswith("it expired") and question.now - order.expires < RECENT:
            what = f"the suspension of {name} by {order.identity} ended by itself"
            about = sha256(f"{item.digest} ended".encode())
            alarms.raise_(Alarm(about, "suspension-ended", name, what, question.now))
