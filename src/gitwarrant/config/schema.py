"""JSON Schema of the configuration files, for editors and for the documentation."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from gitwarrant.config.agent_files import AgentFile
from gitwarrant.config.environment_files import EnvironmentsFile, PoliciesFile
from gitwarrant.config.trust_files import IdentitiesFile, RulesFile, TrustFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"

MODELS: Mapping[str, type[BaseModel]] = {
    "agent": AgentFile,
    "trust": TrustFile,
    "identities": IdentitiesFile,
    "rules": RulesFile,
    "environments": EnvironmentsFile,
    "policies": PoliciesFile,
}


def schemas() -> Mapping[str, dict[str, Any]]:
    """The schema of each kind of file."""
    return {name: {"$schema": DIALECT, **model.model_json_schema()} for name, model in MODELS.items()}
