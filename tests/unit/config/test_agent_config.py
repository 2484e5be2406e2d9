"""The agent's own configuration becomes a root of trust, a tenant and absolute paths."""

from datetime import timedelta
from pathlib import Path

import pytest

from gitwarrant.config.agent import Agent, AlarmTarget, ClusterAccess, ForgeAccess, GitAccess, WarrantSettings
from gitwarrant.config.agent_reading import load, read
from gitwarrant.config.problem import ConfigError
from gitwarrant.config.signers import FileKey, ProgramKey, TokenKey
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Grant, Tenant
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import RootKey, TrustRoot

ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdBwrCmJL2n2u7cUF8nAxxLRCLFpXNWqHnCnNuh+Uyn"
GRACE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMrlCkkJcCNhdTM7BQrmbmLdIZvHBQOs+rKVbpd8/Vcq"
COMMIT = "4f" * 20

AGENT = f"""\
version: 1
state: state
root:
  repository: shop/environments
  url: ssh://git@git.example.com/shop/environments.git
  trusted_at: {COMMIT}
  keys:
    - {{holder: ada, public: "{ADA}"}}
    - {{holder: grace, public: "{GRACE}"}}
  threshold: 2
tenant:
  name: shop
  grants:
    production:
      cluster: main
      namespaces: [shop]
      kinds: ["*"]
      cluster_kinds: [Namespace]
  custom_kinds: [Widget.example.com]
clusters:
  main: {{kubeconfig: kube/config, context: prod}}
  far: {{uid: 7c0f}}
  here: {{in_cluster: true}}
warrant: {{key: /etc/keys/warrant.pem, lifetime: 90m}}
git:
  ssh_key: keys/deploy
  known_hosts: keys/known_hosts
  limits: {{bytes: 2097152, seconds: 60}}
interval: 10s
alarms:
  - {{webhook: "https://pager.example.com/hook", token_file: keys/pager}}
  - {{program: [/usr/local/bin/page, oncall]}}
forge:
  kind: gitea
  name: code
  url: https://code.example.com
  repository: shop/live
  token_file: forge.token
"""


def settings(key: str, lifetime: timedelta) -> WarrantSettings:
    """One key in a file, and nothing special."""
    return WarrantSettings((FileKey(Path(key)),), (), 1, frozenset(), lifetime)


def wrong(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        load(text.encode(), "gitwarrant.yaml")
    return [f"{problem.place}: {problem.what} -> {problem.remedy}" for problem in refusal.value.problems]


def test_every_setting_is_read_and_paths_start_at_the_files_folder() -> None:
    agent = load(AGENT.encode(), "/etc/gitwarrant/gitwarrant.yaml")

    assert agent == Agent(
        root=TrustRoot(
            "shop/environments",
            "ssh://git@git.example.com/shop/environments.git",
            "refs/heads/main",
            CommitId(COMMIT),
            (RootKey("ada", ADA), RootKey("grace", GRACE)),
            2,
        ),
        tenant=Tenant(
            "shop",
            (Grant("production", frozenset({"shop"}), frozenset({"*"}), frozenset({"Namespace"})),),
            frozenset({"Widget.example.com"}),
        ),
        clusters=(
            ClusterAccess("far", None, "", "7c0f"),
            ClusterAccess("here", None, "", "", in_cluster=True),
            ClusterAccess("main", Path("/etc/gitwarrant/kube/config"), "prod", ""),
        ),
        destinations=(("production", "main"),),
        state=Path("/etc/gitwarrant/state"),
        warrant=settings("/etc/keys/warrant.pem", timedelta(minutes=90)),
        git=GitAccess(
            Path("/etc/gitwarrant/keys/deploy"),
            Path("/etc/gitwarrant/keys/known_hosts"),
            None,
            2097152,
            60,
        ),
        interval=timedelta(seconds=10),
        alarms=(
            AlarmTarget("https://pager.example.com/hook", Path("/etc/gitwarrant/keys/pager"), ()),
            AlarmTarget("", None, ("/usr/local/bin/page", "oncall")),
        ),
        forge=ForgeAccess(
            "gitea",
            "code",
            "https://code.example.com",
            "shop/live",
            Path("/etc/gitwarrant/forge.token"),
            None,
        ),
    )
    assert agent.cluster_of("production") == agent.clusters[2]
    assert agent.cluster_of("staging") is None
    assert agent.log == Path("/etc/gitwarrant/state/log.sqlite")


def test_a_forge_is_called_by_its_kind_and_knows_the_repository_by_its_name() -> None:
    """Unless they are said to be called otherwise."""
    short = AGENT[: AGENT.index("forge:")] + "forge: {kind: gitea, url: 'https://code.example.com'}\n"

    agent = load(short.encode(), "/etc/gitwarrant.yaml")

    assert agent.forge == ForgeAccess(
        "gitea", "gitea", "https://code.example.com", "shop/environments", None, None
    )


def test_what_is_left_out_has_a_default() -> None:
    short = AGENT[: AGENT.index("warrant:")]

    agent = load(short.encode(), "/etc/gitwarrant.yaml")

    assert agent.warrant == settings("/etc/state/warrant.key", timedelta(hours=1))
    assert agent.git == GitAccess(None, None, None, 2 * 1024**3, 300)
    assert agent.interval == timedelta(seconds=30)
    assert agent.forge is None


TOKEN = (
    "pkcs11:token=Shop%20HSM;object=warrant?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:pin"
)


def test_signers_keys_and_revocations_are_read() -> None:
    """Relative paths start at the file's folder here too; a token's name is written as RFC 7512 says."""
    warrant = f"""warrant:
  signer: {TOKEN}
  cosigner: 'exec:["/usr/local/bin/sign", "--key", "warrant"]'
  keys: [a.pub, /etc/keys/b.pub]
  signatures: 1
  revoked_keys: ["{"ab" * 32}"]
"""
    text = AGENT.replace("warrant: {key: /etc/keys/warrant.pem, lifetime: 90m}\n", warrant)

    agent = load(text.encode(), "/etc/gitwarrant.yaml")

    library = Path("/usr/lib/softhsm/libsofthsm2.so")
    assert agent.warrant == WarrantSettings(
        signers=(
            TokenKey(library, "Shop HSM", "warrant", Path("/etc/pin"), ""),
            ProgramKey(("/usr/local/bin/sign", "--key", "warrant")),
        ),
        keys=(Path("/etc/a.pub"), Path("/etc/keys/b.pub")),
        signatures=1,
        revoked=frozenset(["ab" * 32]),
        lifetime=timedelta(hours=1),
    )


@pytest.mark.parametrize(
    ("warrant", "expected"),
    [
        pytest.param("{signer: kms}", "'kms' is not a signer", id="no kind"),
        pytest.param("{signer: 'vault:x'}", "'vault:x' is not a signer", id="a kind that is not there"),
        pytest.param("{signer: 'file:'}", "'file:' is not a signer", id="no path"),
        pytest.param("{signer: 'exec:sign'}", "'sign' is no list of a program", id="no list"),
        pytest.param("{signer: 'exec:[]'}", "'[]' is no list of a program", id="no program"),
        pytest.param(
            "{signer: 'pkcs11:token=%ff;object=b?module-path=/x&pin-source=file:y'}",
            "a part of the token's address is no text",
            id="bytes that are no text",
        ),
        pytest.param(
            """{signer: 'exec:["/bin/sign", "\\u0000"]'}""", "is no list of a program", id="a zero byte"
        ),
        pytest.param("{signer: 'exec:[1]'}", "'[1]' is no list of a program", id="a number"),
        pytest.param(
            """{signer: 'exec:["sign"]'}""", "the program 'sign' is not named by its whole path", id="by PATH"
        ),
        pytest.param("{signer: 'pkcs11:token=a'}", "a part of the token's address is empty", id="no object"),
        pytest.param(f"{{signer: '{TOKEN}&pin-value=1234'}}", "one that is not known", id="a PIN in it"),
        pytest.param(
            "{signer: 'pkcs11:token=a;token=b;object=c?module-path=/x&pin-source=file:y'}",
            "is empty, or stands there twice",
            id="a part twice",
        ),
        pytest.param(
            "{signer: 'pkcs11:token=a;object=b?module-path=/x&pin-source=1234'}",
            "'1234' is no source of a PIN",
            id="a PIN for a source",
        ),
        pytest.param("{key: a, signer: 'file:a'}", "'key' and 'signer' both name what signs", id="both"),
        pytest.param(
            "{signer: 'file:a', cosigner: 'file:a'}", "the second signer is the first one", id="one twice"
        ),
        pytest.param(
            "{signatures: 2}", "2 signatures are needed, and there is 1 signer", id="more than signers"
        ),
        pytest.param("{revoked_keys: [abc]}", "'abc' is not a key's id", id="a short key id"),
    ],
)
def test_a_signer_that_cannot_be_meant_is_refused(warrant: str, expected: str) -> None:
    text = AGENT.replace("{key: /etc/keys/warrant.pem, lifetime: 90m}", warrant)

    [said] = wrong(text)

    assert expected in said
    assert " -> " in said


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            "threshold: 2",
            "threshold: 3",
            "gitwarrant.yaml:10:14: the threshold is 3, but the root keys have 2 holders"
            " -> add root keys of other people, or lower the threshold",
            id="more than there are holders",
        ),
        pytest.param(
            "holder: grace",
            "holder: ada",
            "gitwarrant.yaml:10:14: the threshold is 2, but the root keys have 1 holder"
            " -> add root keys of other people, or lower the threshold",
            id="two keys of one holder count once",
        ),
        pytest.param(
            GRACE,
            ADA,
            "gitwarrant.yaml:9:31: 'grace' has the same key as 'ada' -> give each holder a key of their own",
            id="one key of two holders",
        ),
        pytest.param(
            "cluster: main",
            "cluster: mian",
            "gitwarrant.yaml:15:16: cluster 'mian' is not defined -> did you mean 'main'?",
            id="an unknown cluster",
        ),
        pytest.param(
            "{uid: 7c0f}",
            "{}",
            "gitwarrant.yaml:22:8: cluster 'far' has neither a kubeconfig nor a uid"
            " -> add kubeconfig: FILE, or in_cluster: true in a Pod of it; or uid: UID where warrants are "
            "signed but nothing is applied",
            id="a cluster that is nowhere",
        ),
        pytest.param(
            "{in_cluster: true}",
            "{in_cluster: true, kubeconfig: k}",
            "gitwarrant.yaml:23:22: cluster 'here' is to be reached from inside and by a kubeconfig"
            " -> leave one of them out",
            id="a cluster in two ways",
        ),
        pytest.param(
            "cluster_kinds: [Namespace]",
            'cluster_kinds: ["*"]',
            "gitwarrant.yaml:18:23: '*' is not a kind -> write it like ConfigMap, or Deployment.apps",
            id="all cluster-scoped kinds",
        ),
        pytest.param(
            COMMIT,
            "main",
            "gitwarrant.yaml:6:15: 'main' is not a commit id"
            " -> write all 40 (or 64) hexadecimal digits: git rev-parse main",
            id="a branch is no revision",
        ),
        pytest.param(
            "90m",
            "90 minutes",
            "gitwarrant.yaml:24:49: '90 minutes' is not a duration -> write it like 30s, 10m, 1h or 7d",
            id="no duration",
        ),
        pytest.param(
            "version: 1",
            "version: 2",
            "gitwarrant.yaml:1:10: 2 is not possible for 'version' -> write 1",
            id="another version of the format",
        ),
        pytest.param(
            "seconds: 60",
            "second: 60",
            "gitwarrant.yaml:28:36: unknown field 'second' -> did you mean 'seconds'?",
            id="a misspelt field deep inside",
        ),
        pytest.param(
            "url: ssh",
            "url: --upload-pack=ssh",
            "gitwarrant.yaml:5:8: '--upload-pack=ssh://git@git.example.com/shop/environments.git'"
            " is not possible here -> write printable text that does not begin with '-'",
            id="an address that is an option",
        ),
    ],
)
def test_what_is_wrong_has_a_place_and_a_remedy(old: str, new: str, expected: str) -> None:
    assert wrong(AGENT.replace(old, new)) == [expected]


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(
        GitwarrantError, match=r"cannot be read: No such file or directory\n  remedy: name it"
    ):
        read(tmp_path / "gitwarrant.yaml")
