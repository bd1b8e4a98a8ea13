"""Checks Kubernetes manifests by the schemas that kubernetes-validate carries, and that they fit one another."""

import pathlib
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

compose = yaml.safe_load((container / "compose.yaml").read_text())["services"]["hookswitch"]
assert compose["read_only"] and compose["cap_drop"] == ["ALL"]
dockerfile = (container / "Dockerfile").read_text()
stages = [line for line in dockerfile.splitlines() if line.startswith("FROM ")]
assert len(stages) == 2 and stages[0].endswith(" AS build")
assert "USER 10001:10001" in dockerfile and "HEALTHCHECK" in dockerfile
