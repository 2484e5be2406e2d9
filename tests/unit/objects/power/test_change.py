"""What power a change adds or removes, and to whom."""

from tests.support.rbac import account, binding, deployment, given, role, rule

from gitwarrant.objects.power.atoms import Power
from gitwarrant.objects.power.change import PowerChange, Share, compare
from gitwarrant.objects.power.reach import anything
from gitwarrant.objects.power.subjects import NOT_HERE, Role, Run, Unknown, holdings

WEB = account("web")
READS = rule("-", "configmaps", "get")


def test_a_verb_more_is_told_to_whom_it_is_given_and_nothing_else() -> None:
    before = holdings(given(WEB, READS))
    after = holdings(given(WEB, rule("-", "configmaps", "get list")))

    more = Share(WEB, (Power("", "configmaps", "list", "shop"),), (), (), ())
    assert compare(before, after) == PowerChange((more,), ())
    assert compare(after, before) == PowerChange((), (more,))


def test_the_same_power_by_other_words_is_no_change() -> None:
    before = holdings([*given(WEB, READS, name="a"), *given(WEB, READS, name="b")])
    after = holdings(given(WEB, READS, name="c"))

    assert compare(before, after) == PowerChange((), ())


def test_a_narrower_rule_beside_a_wide_one_adds_nothing() -> None:
    wide = given(WEB, rule("*", "*", "*"))

    assert compare(holdings(wide), holdings([*wide, *given(WEB, READS, name="more")])) == PowerChange((), ())


def test_power_that_a_change_gives_by_a_detour_is_told() -> None:
    """web could create Pods before; now a mighty account lives in the same namespace."""
    before = given(WEB, rule("-", "pods", "create"))
    mighty = account("mighty")
    after = [*before, binding("m", "cluster-admin", mighty, namespace="")]

    shares = {share.subject: share for share in compare(holdings(before), holdings(after)).added}

    assert [path.target for path in shares[WEB].paths] == [anything()]
    assert shares[WEB].powers == ()
    assert Power("*", "*", "*") in shares[mighty].powers


def test_a_workload_that_takes_an_accounts_power_is_told() -> None:
    strong = given(WEB, rule("-", "secrets", "get"))

    change = compare(holdings([*strong, deployment("app")]), holdings([*strong, deployment("app", "web")]))

    run = Run(deployment("app").key, WEB)
    assert change == PowerChange((Share(WEB, (), (), (), (run,)),), ())


def test_a_binding_to_a_role_that_nobody_knows_counts_as_power() -> None:
    change = compare(holdings([]), holdings([binding("b", "theirs", WEB, cluster_role=True)]))

    unknown = Unknown(WEB, Role("", "theirs"), "shop", NOT_HERE)
    assert change == PowerChange((Share(WEB, (), (unknown,), (), ()),), ())


def test_a_role_that_is_bound_elsewhere_is_told_as_its_holders() -> None:
    change = compare(holdings([role("r", READS)]), holdings([role("r", READS, rule("-", "pods", "get"))]))

    [share] = change.added
    assert (str(share.subject), share.powers) == (
        "holders of Role shop/r",
        (Power("", "pods", "get", "shop"),),
    )
