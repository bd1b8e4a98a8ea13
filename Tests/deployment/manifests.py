"""Checks Kubernetes manifests by the schemas that kubernetes-validate carries, and that they fit one another."""

import json
import pathlib
import re
import sys

import kubernetes_validate
import yaml

kubernetes, container = map(pathlib.Path, sys.argv[1:3])
kustomization = yaml.safe_load((kubernetes / "kustomization.yaml").read_text())
found = {}
for name in kustomization["resources"]:
    for document in yaml.safe_load_all((kubernetes / name).read_text()):
        kubernetes_validate.validate(document, desired_version="1.29", strict=True)
        found.setdefault(document["kind"], []).append(document)

# Every file is named by the kustomization, and what it generates is there.
assert {p.name for p in kubernetes.glob("*.yaml")} - {"kustomization.yaml"} == set(kustomization["resources"])
for generator in kustomization["configMapGenerator"]:
    for name in generator["files"]:
        assert (kubernetes / name).is_file(), name

spec = found["StatefulSet"][0]["spec"]
pod = spec["template"]["spec"]
relay = pod["containers"][0]
labels = spec["template"]["metadata"]["labels"]
ports = {port["name"]: port["containerPort"] for port in relay["ports"]}
for service in found["Service"]:
    assert service["spec"]["selector"].items() <= labels.items()
    assert all(port["targetPort"] in ports for port in service["spec"]["ports"])
assert spec["serviceName"] in [service["metadata"]["name"] for service in found["Service"]]
for kind, selector in [("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")]:
    assert found[kind][0]["spec"][selector]["matchLabels"].items() <= labels.items()
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    assert relay[probe]["httpGet"]["port"] in ports
mounts = {mount["name"] for mount in relay["volumeMounts"]}
volumes = {volume["name"] for volume in pod["volumes"]}
claims = {claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]}
assert mounts == volumes | claims
assert relay["securityContext"]["readOnlyRootFilesystem"] and pod["securityContext"]["runAsNonRoot"]

# Three brokers and relays without a spool of their own: names and ports fit one another.
cluster = kubernetes / "cluster"
kustomization = yaml.safe_load((cluster / "kustomization.yaml").read_text())
assert {p.name for p in cluster.glob("*.yaml")} - {"kustomization.yaml"} == set(kustomization["resources"])
for generator in kustomization["configMapGenerator"]:
    assert all((cluster / name).is_file() for name in generator["files"])
found = {}
for name in kustomization["resources"]:
    for document in yaml.safe_load_all((cluster / name).read_text()):
        kubernetes_validate.validate(document, desired_version="1.29", strict=True)
        found[document["kind"], document["metadata"]["name"]] = document
brokers, relays = found["StatefulSet", "nats"]["spec"], found["Deployment", "hookswitch"]["spec"]
for workload, name in [(brokers, "nats"), (relays, "hookswitch")]:
    labels = workload["template"]["metadata"]["labels"]
    container_ = workload["template"]["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container_["ports"]}
    assert workload["selector"]["matchLabels"].items() <= labels.items()
    assert found["Service", name]["spec"]["selector"].items() <= labels.items()
    assert all(port["targetPort"] in ports for port in found["Service", name]["spec"]["ports"])
    assert found["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert all(container_[probe]["httpGet"]["port"] in ports for probe in ("startupProbe", "livenessProbe", "readinessProbe"))
    mounts = {mount["name"] for mount in container_["volumeMounts"]}
    claims = {claim["metadata"]["name"] for claim in workload.get("volumeClaimTemplates", [])}
    assert mounts == {volume["name"] for volume in workload["template"]["spec"]["volumes"]} | claims
target = found["HorizontalPodAutoscaler", "hookswitch"]["spec"]["scaleTargetRef"]
assert (target["kind"], target["name"]) == ("Deployment", "hookswitch") and "replicas" not in relays
jetstream = json.loads((cluster / "routes.json").read_text())["spool"]["jetstream"]
hosts = {f"nats-{number}.{brokers['serviceName']}" for number in range(brokers["replicas"])}
assert jetstream["servers"] == [f"nats://{host}:4222" for host in sorted(hosts)] and jetstream["replicas"] == 3
configuration = (cluster / "nats.conf").read_text()
assert "sync_interval: always" in configuration
environment = {variable["name"]: variable.get("value") for variable in brokers["template"]["spec"]["containers"][0]["env"]}
# The environment fills in what the file names, and each route is one of the brokers.
assert all(name in environment for name in re.findall(r"\$(\w+)", configuration))
routes = {name: value for name, value in environment.items() if name.startswith("ROUTE_")}
assert all(f"${name}" in configuration for name in routes)
assert {value.partition("@")[2].rstrip("'") for value in routes.values()} == {f"{host}:6222" for host in hosts}
policy = found["NetworkPolicy", "nats"]["spec"]
assert policy["podSelector"]["matchLabels"].items() <= brokers["template"]["metadata"]["labels"].items()
opened = {port["port"]: rule["from"] for rule in policy["ingress"] for port in rule["ports"]}
for port, workload in [("clients", relays), ("routes", brokers)]:
    [peer] = opened[port]
    assert peer["podSelector"]["matchLabels"].items() <= workload["template"]["metadata"]["labels"].items()

compose = yaml.safe_load((container / "compose.yaml").read_text())["services"]["hookswitch"]
assert compose["read_only"] and compose["cap_drop"] == ["ALL"]
dockerfile = (container / "Dockerfile").read_text()
stages = [line for line in dockerfile.splitlines() if line.startswith("FROM ")]
assert len(stages) == 2 and stages[0].endswith(" AS build")
assert "USER 10001:10001" in dockerfile and "HEALTHCHECK" in dockerfile
