"""What is reached over the network: Service, Ingress."""

from gitwarrant.cluster.health.reading import WELL, Live, Verdict, mappings, section, status_of, text
from gitwarrant.model.live import Health

NO_ADDRESS: Verdict = (Health.PROGRESSING, "it waits for a load balancer's address")


def service(live: Live) -> Verdict:
    """A Service; only one of type LoadBalancer has to wait for anything."""
    return _balanced(live) if text(section(live, "spec"), "type") == "LoadBalancer" else WELL


def ingress(live: Live) -> Verdict:
    """An Ingress: its controller publishes the address it is reached at."""
    return _balanced(live)


def _balanced(live: Live) -> Verdict:
    balancer = section(status_of(live), "loadBalancer")
    return WELL if mappings(balancer, "ingress") else NO_ADDRESS
