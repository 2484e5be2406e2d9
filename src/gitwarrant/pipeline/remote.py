"""Where the agent fetches from, and as whom, by its configuration."""

from datetime import datetime

from gitwarrant.config.agent import Agent, GitAccess
from gitwarrant.git.command import Limits
from gitwarrant.git.credential import Credential, from_file
from gitwarrant.git.github_app import GithubApp, credential
from gitwarrant.git.remote import Remote


def remote_of(agent: Agent, now: datetime) -> Remote:
    """The environment repository's address, with what proves its server and us.

    Raises:
        BadCredential, FetchError: the token cannot be had.
        Unreachable: GitHub, asked for one, does not answer.
    """
    url, git = agent.root.url, agent.git
    needed = _credential(git, now) if url.startswith("https://") else None
    return Remote(url, git.ssh_key, git.known_hosts, git.ca_file, needed)


def limits_of(agent: Agent) -> Limits:
    """How much one fetch may take."""
    git = agent.git
    return Limits(seconds=git.max_seconds, bytes=git.max_bytes, objects=git.max_objects)


def _credential(git: GitAccess, now: datetime) -> Credential | None:
    """The token of the environment, else of the file, else of the GitHub App; None: none is configured."""
    if git.token:
        return Credential(git.user, git.token)
    if git.token_file:
        return from_file(git.token_file, git.user)
    if app := git.github_app:
        asked = GithubApp(app.app_id, app.installation_id, app.private_key, app.api, app.ca_file)
        return credential(asked, now)
    return None
