#!/usr/bin/env python3
"""Writes src/Petrel.Model/Schema/kubernetes-schema.tsv. See README.md beside this file.

usage: generate.py KUBECTL_BINARY OUTPUT
"""
import os
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "p",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "t",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "u",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": "r",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "j",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "j",
}
SCALARS = {1: "d", 3: "l", 5: "i", 8: "b", 9: "s", 12: "y", 13: "i", 4: "l"}
# Go's named string slices: a message {items} in protobuf, a plain list in JSON.
WRAPPED = {"ExtraValue", "Verbs"}
# Go structs that are embedded inline: a nested message in protobuf, fields of the parent in JSON. (field, type), reviewed.
INLINED = {
    ("volumeSource", "VolumeSource"), ("persistentVolumeSource", "PersistentVolumeSource"), ("handler", "ProbeHandler"),
    ("localObjectReference", "LocalObjectReference"), ("ephemeralContainerCommon", "EphemeralContainerCommon"),
    ("ingressRuleValue", "IngressRuleValue"), ("rule", "Rule"), ("ruleWithOperations", "RuleWithOperations"),
}
# Fields whose protobuf name is not their JSON name.
RENAMED = {"aPIGroup": "apiGroup", "uID": "uid", "Webhooks": "webhooks", "Expression": "expression", "Name": "name"}
GROUPS = {
    "core": "", "rbac": "rbac.authorization.k8s.io", "networking": "networking.k8s.io", "storage": "storage.k8s.io",
    "scheduling": "scheduling.k8s.io", "coordination": "coordination.k8s.io", "discovery": "discovery.k8s.io",
    "events": "events.k8s.io", "node": "node.k8s.io", "certificates": "certificates.k8s.io",
    "admissionregistration": "admissionregistration.k8s.io", "authentication": "authentication.k8s.io",
    "authorization": "authorization.k8s.io", "flowcontrol": "flowcontrol.apiserver.k8s.io", "resource": "resource.k8s.io",
    "storagemigration": "storagemigration.k8s.io", "apiserverinternal": "internal.apiserver.k8s.io",
    "admission": "admission.k8s.io", "imagepolicy": "imagepolicy.k8s.io", "apidiscovery": "apidiscovery.k8s.io",
}
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
META_KINDS = ["DeleteOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "GetOptions", "ListOptions", "Status",
              "APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "WatchEvent", "PartialObjectMetadata",
              "PartialObjectMetadataList", "Table", "TableOptions"]
# Kinds without metadata of their own.
BARE_KINDS = {"PodExecOptions", "PodAttachOptions", "PodLogOptions", "PodPortForwardOptions", "PodProxyOptions",
              "NodeProxyOptions", "ServiceProxyOptions", "AdmissionReview"}


def fields(message):
    """Yields (number, value) of a protobuf message; values are ints or bytes."""
    at = 0

    def varint():
        nonlocal at
        result = shift = 0
        while True:
            byte = message[at]
            at += 1
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result
    while at < len(message):
        key = varint()
        wire = key & 7
        if wire == 0:
            yield key >> 3, varint()
        elif wire == 2:
            length = varint()
            yield key >> 3, message[at:at + length]
            at += length
        else:
            at += 8 if wire == 1 else 4


def every(message, number):
    return [v for n, v in fields(message) if n == number]


def first(message, number, default=None):
    return next(iter(every(message, number)), default)


def text(message, number):
    return first(message, number, b"").decode()


def gzip_streams(path):
    data = open(path, "rb").read()
    at = data.find(b"\x1f\x8b\x08")
    while at >= 0:
        try:
            stream = zlib.decompressobj(31)
            body = stream.decompress(data[at:at + 4_000_000])
            if stream.eof:
                yield body
        except zlib.error:
            pass
        at = data.find(b"\x1f\x8b\x08", at + 3)


def type_name(proto):
    parts = proto.lstrip(".").split(".")
    return "io.k8s." + ".".join(parts[2:]) if parts[:2] == ["k8s", "io"] else ".".join(parts)


def read_descriptors(streams):
    """type -> list of (name, number, label, type, type name), and the map entries among them."""
    types, entries = {}, {}
    for stream in streams:
        if stream[:1] != b"\n" or b"generated.proto" not in stream[:120]:
            continue
        package = text(stream, 2)

        def visit(message, prefix):
            name = type_name(prefix + "." + text(message, 1))
            rows = [(text(f, 1), first(f, 3), first(f, 4), first(f, 5), text(f, 6),
                 first(first(f, 8, b""), 65001, 1)) for f in every(message, 2)]
            options = first(message, 7, b"")
            (entries if first(options, 7) else types)[name] = rows
            for nested in every(message, 3):
                visit(nested, prefix + "." + text(message, 1))
        for message in every(stream, 4):
            visit(message, package)
    # go-to-protobuf writes maps as nested "XEntry" types, with the option on some versions only.
    for name in [n for n in types if n.endswith("Entry") and [r[0] for r in types[n]] == ["key", "value"]]:
        entries[name] = types.pop(name)
    return types, entries


def read_openapi(document):
    """type -> {property: {patch-merge-key, ...}}, required names."""
    properties, required = {}, {}
    for named in every(first(document, 9), 1):
        name, schema = text(named, 1), first(named, 2)
        required[name] = {v.decode() for v in every(schema, 19)}
        properties[name] = {}
        for prop in every(first(schema, 25, b""), 1):
            extensions = {}
            for extension in every(first(prop, 2, b""), 31):
                yaml = text(first(extension, 2, b""), 2).strip()
                extensions[text(extension, 1).removeprefix("x-kubernetes-")] = [v.lstrip("- ").strip() for v in yaml.split("\n")]
            properties[name][text(prop, 1)] = extensions
    return properties, required


def read_reviewed(name):
    rows = [line.rstrip("\n") for line in open(os.path.join(HERE, name))]
    return [r.split("\t") for r in rows if r and not r.startswith("#")]


def main():
    binary, output = sys.argv[1:]
    streams = list(gzip_streams(binary))
    types, entries = read_descriptors(streams)
    properties, required = read_openapi(next(s for s in streams if s[:5] == b"\n\x032.0"))
    newer = {(r[0], r[1]): r[2:] for r in read_reviewed("merge-rules.tsv")}
    supplement = {}
    for row in read_reviewed("supplement.tsv"):
        supplement.setdefault(row[0], []).append(row[1:])

    def older(name, field):
        """What OpenAPI says of the field, in this version of the type or in another of the same group."""
        if field in properties.get(name, {}):
            return name
        head, version, short = name.rsplit(".", 2)
        for other in sorted(properties):
            if other.startswith(head + ".") and other.endswith("." + short) and field in properties[other]:
                return other
        return None

    lines, kinds = [], []
    for name in sorted(types):
        if name in SPECIAL or name.startswith("io.k8s.apimachinery.pkg.runtime."):
            continue
        short = name.rsplit(".", 1)[1]
        if short in WRAPPED and [r[0] for r in types[name]] == ["items"]:
            continue
        lines.append("T\t" + name)
        is_meta_kind = name.startswith(META) and short in META_KINDS
        has_metadata = any(r[0] == "metadata" and r[4].endswith((".ObjectMeta", ".ListMeta")) for r in types[name])
        is_kind = is_meta_kind or short in BARE_KINDS or has_metadata and not name.startswith(META) and not short.endswith(
            ("Template", "TemplateSpec")) or short == "PodTemplate"
        if is_kind:
            lines += ["F\tapiVersion\t0\ts\tv", "F\tkind\t0\ts\tv"]
            package, version = name.rsplit(".", 2)[0].rsplit(".", 1)[1], name.rsplit(".", 2)[1]
            group = "" if is_meta_kind else GROUPS.get(package, package)
            if name.startswith("io.k8s.metrics."):
                group = "metrics.k8s.io"
            kinds.append(f"K\t{group}\t{version}\t{short}\t{name}")
        for field, number, label, kind, target, nullable in types[name]:
            field = RENAMED.get(field, field)
            target = type_name(target) if target else ""
            flags, code = "", None
            if target in entries:
                flags += "m"
                _, _, _, kind, value, _ = next(r for r in entries[target] if r[0] == "value")
                target = type_name(value) if value else ""
            elif label == 3:
                flags += "l"
            target_short = target.rsplit(".", 1)[-1]
            if kind != 11:
                code = SCALARS[kind]
            elif target in SPECIAL:
                code = SPECIAL[target]
            elif target_short in WRAPPED:
                code, flags = "s", flags + "lw"
            elif not flags and (field, target_short) in INLINED:
                lines.append(f"E\t{number}\t{target}")
                continue
            else:
                code = target
            # gogoproto.nullable: a Go pointer tells unset from zero, a plain value does not.
            if not nullable and "l" not in flags and "m" not in flags:
                flags += "v"
            source = older(name, field)
            rules = properties[source][field] if source else {}
            if source and field in required[source]:
                flags += "r"
            merge_key = rules.get("patch-merge-key", [""])[0]
            strategy = rules.get("patch-strategy", [""])[0]
            list_type = rules.get("list-type", [""])[0]
            map_keys = ",".join(rules.get("list-map-keys", []))
            if (short, field) in newer:
                merge_key, strategy, list_type, map_keys = [v if v != "-" else "" for v in newer[short, field]]
            if "merge" in strategy:
                flags += "M"
            if "retainKeys" in strategy:
                flags += "R"
            # A list that patches merge by key is a map to server-side apply as well.
            if merge_key and not list_type:
                list_type, map_keys = "map", merge_key
            # And one of values that patches merge is a set.
            if "merge" in strategy and not merge_key and not list_type and "l" in flags:
                list_type = "set"
            flags += {"map": "K", "set": "S"}.get(list_type, "")
            lines.append("\t".join(["F", field, str(number), code, flags, merge_key, map_keys]).rstrip("\t"))
        lines += ["\t".join(["F", *row]).rstrip("\t") for row in supplement.get(name, [])]
    with open(os.path.join(HERE, "types.tsv")) as source:
        more = [line.rstrip("\n") for line in source if not line.startswith("#")]
    lines += [line for line in more if not line.startswith("K")]
    kinds += [line for line in more if line.startswith("K")]
    with open(output, "w") as out:
        out.write("\n".join(lines + sorted(kinds)) + "\n")


main()
