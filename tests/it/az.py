#!/usr/bin/env python3
"""Plays the command line of Azure: keeps rules in a file, and refuses what it does not know and what Azure would refuse."""

import argparse
import ipaddress
import json
import os
import sys

PATH = os.environ["PORTCULLIS_AZ"]
with open(PATH) as file:
    STATE = json.load(file)


def refuse(why):
    print("ERROR: " + why, file=sys.stderr)
    sys.exit(1)


def apart(spans):
    spans = sorted(spans)
    if any(one[1] >= other[0] for one, other in zip(spans, spans[1:])):
        refuse("OverlappingSubnetsNotPermittedInSecurityRule")


def parser(words, **arguments):
    parser = argparse.ArgumentParser(prog=" ".join(words), allow_abbrev=False)
    for name, options in {"resource_group": {}, **arguments}.items():
        parser.add_argument("--" + name.replace("_", "-"), **{"required": True, **options})
    return parser.parse_args(sys.argv[len(words) + 1 :])


def group(args, kind, name):
    if args.resource_group != STATE["resources"] or name not in STATE[kind]:
        refuse("ResourceNotFound: " + name)


def end(args, end):
    groups, prefixes = getattr(args, end + "_asgs"), getattr(args, end + "_address_prefixes")
    if (groups is None) == (prefixes is None):
        refuse("one of them, for " + end)
    for name in groups or []:
        group(args, "asgs", name)
    if prefixes and prefixes != ["*"]:
        networks = [ipaddress.ip_network(one) for one in prefixes]
        if len({one.version for one in networks}) > 1:
            refuse("both families")
        apart([(int(one[0]), int(one[-1])) for one in networks])
    return groups or prefixes


def listed():
    args = parser(["network", "nsg", "rule", "list"], nsg_name={}, query={}, output={"choices": ["tsv"]})
    group(args, "nsgs", args.nsg_name)
    assert args.query == "[].[name, direction, priority]", args.query
    for name, rule in STATE["rules"].items():
        print(name, rule["direction"], rule["priority"], sep="\t")


def shown():
    args = parser(["network", "asg", "show"], name={}, output={"choices": ["none"]})
    group(args, "asgs", args.name)


def created():
    several = {"nargs": "+", "required": False}
    args = parser(
        ["network", "nsg", "rule", "create"],
        nsg_name={},
        name={},
        priority={"type": int, "choices": range(100, 4097)},
        direction={"choices": ["Inbound", "Outbound"]},
        access={"choices": ["Allow"]},
        protocol={"choices": ["Tcp", "Udp"]},
        description={},
        output={"choices": ["none"]},
        source_port_ranges={"choices": ["*"]},
        source_asgs=several,
        source_address_prefixes=several,
        destination_asgs=several,
        destination_address_prefixes=several,
        destination_port_ranges={"nargs": "+"},
    )
    group(args, "nsgs", args.nsg_name)
    if len(args.description) > 140:
        refuse("a long description")
    for name, rule in STATE["rules"].items():
        if name != args.name and (rule["direction"], rule["priority"]) == (args.direction, args.priority):
            refuse("SecurityRuleConflict: " + name)
    ends = {"Inbound": end(args, "source"), "Outbound": end(args, "destination")}
    ports = [[int(port) for port in one.split("-")] for one in args.destination_port_ranges]
    apart([(one[0], one[-1]) for one in ports])
    peers = ",".join(one.removeprefix("portcullis-") for one in ends[args.direction])
    words = [args.name, str(args.priority), args.direction, args.protocol, ",".join(args.destination_port_ranges), peers]
    STATE["rules"][args.name] = {"priority": args.priority, "direction": args.direction, "line": " ".join(words)}


def deleted():
    args = parser(["network", "nsg", "rule", "delete"], nsg_name={}, name={})
    group(args, "nsgs", args.nsg_name)
    del STATE["rules"][args.name]


KNOWN = {"nsg rule list": listed, "asg show": shown, "nsg rule create": created, "nsg rule delete": deleted}
WORDS = " ".join(sys.argv[1:])
for words, act in KNOWN.items():
    if WORDS.startswith("network " + words + " "):
        act()
        break
else:
    refuse("unknown: " + WORDS)
with open(PATH, "w") as file:
    json.dump(STATE, file)
