# Reads network policies with a real reader of YAML, checks what the schema does not say, and prints what they let through:
# a line for each file, policy, protocol, port or range, and peer. Ends with an error if something is wrong.
import ipaddress
import re
import sys

import yaml


class Strict(yaml.SafeLoader):
    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(set(keys)) == len(keys), f"a key twice: {keys}"
        return super().construct_mapping(node, deep)


Strict.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node, deep=True))

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
EVERYONE = {"0.0.0.0/0", "::/0", "pods"}


def exactly(thing, *keys):
    assert isinstance(thing, dict) and set(thing) == set(keys), f"not {keys}: {thing}"
    return [thing[key] for key in keys]


def labels(selector):
    (labels,) = exactly(selector, "matchLabels")
    assert labels, "a selector that selects everything"
    for value in labels.values():
        assert isinstance(value, str) and VALUE.fullmatch(value), value
    return labels


def peer(one):
    if set(one) == {"ipBlock"}:
        (cidr,) = exactly(one["ipBlock"], "cidr")
        assert "/" in cidr and str(ipaddress.ip_network(cidr, strict=True)) == cidr, f"not canonical: {cidr}"
        return cidr
    if set(one) == {"podSelector"}:
        (value,) = exactly(labels(one["podSelector"]), "portcullis/group")
        return value
    if set(one) == {"namespaceSelector"}:
        assert one["namespaceSelector"] == {}, one
        return "pods"
    namespace, pods = exactly(one, "namespaceSelector", "podSelector")
    assert labels(namespace) == {"kubernetes.io/metadata.name": "kube-system"}, one
    assert labels(pods) == {"k8s-app": "kube-dns"}, one
    return "dns"


def ports(one):
    assert {"protocol", "port"} <= set(one) <= {"protocol", "port", "endPort"}, one
    first, last = one["port"], one.get("endPort", one["port"])
    assert one["protocol"] in ("TCP", "UDP"), one
    assert type(first) is int and type(last) is int and 1 <= first <= last <= 65535, one
    assert "endPort" not in one or first < last, one
    return f"{one['protocol']} {first} {last}"


def policy(document):
    version, kind, metadata, spec = exactly(document, "apiVersion", "kind", "metadata", "spec")
    assert (version, kind) == ("networking.k8s.io/v1", "NetworkPolicy"), (version, kind)
    name, namespace = exactly(metadata, "name", "namespace")
    for label in (name, namespace):
        assert isinstance(label, str) and LABEL.fullmatch(label), label
    (group,) = exactly(labels(spec["podSelector"]), "portcullis/group")
    kind, *held = spec["policyTypes"]
    assert kind in ("Ingress", "Egress") and all(word.startswith("Held back: ") for word in held), spec["policyTypes"]
    way = kind.lower()
    assert name == f"portcullis-{group}-{way}", name
    _, _, rules = exactly(spec, "podSelector", "policyTypes", way)
    # Missing is not the same as empty, whoever reads it.
    assert isinstance(rules, list), rules
    found = []
    for rule in rules:
        peers, listed = exactly(rule, "from" if kind == "Ingress" else "to", "ports")
        assert isinstance(peers, list) and isinstance(listed, list) and peers and listed, f"everyone, or every port: {rule}"
        peers = [peer(one) for one in peers]
        some = EVERYONE & set(peers)
        assert not some or some == EVERYONE, f"a part of everyone: {rule}"
        found += [f"{way} {gate} {one}" for gate in map(ports, listed) for one in peers]
    dns = [row for row in found if row.endswith(" dns")]
    assert dns == ([f"egress {protocol} 53 53 dns" for protocol in ("UDP", "TCP")] if way == "egress" else []), dns
    return namespace, held, [row for row in found if not row.endswith(" dns")]


for path in sys.argv[1:]:
    try:
        with open(path, encoding="ascii") as file:
            policies = [policy(document) for document in yaml.load_all(file, Loader=Strict)]
        assert policies and len({(namespace, *held) for namespace, held, _ in policies}) == 1, "they do not belong together"
        for _, held, rows in policies:
            print(f"{path} held {len(held)}")
            for row in rows:
                print(f"{path} {row}")
    except (AssertionError, KeyError, TypeError, ValueError, yaml.YAMLError) as wrong:
        print(f"{path} WRONG {wrong!r}".replace("\n", " "))
