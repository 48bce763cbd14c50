using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Networking;

/// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
internal static class NetworkPolicyKind
{
    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", namespaced: true) with
        {
            ShortNames = ["netpol"],
            HasGeneration = true,
            Default = Default,
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Pod-Selector", "Which pods it is about.", static o => TemplateColumns.Selector(o.At("spec", "podSelector"))),
                Age,
            ],
        };

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        if (spec.List("policyTypes") is not { Count: > 0 })
        {
            // The policy types include Egress only if there are egress rules.
            spec["policyTypes"] = spec.List("egress") is { Count: > 0 } ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }
        foreach (var port in spec.Objects("ingress").Concat(spec.Objects("egress")).SelectMany(r => r.Objects("ports")))
        {
            port.Fill("protocol", "TCP");
        }
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        SelectorValidation.Validate(spec.Child("podSelector"), "spec.podSelector", errors);
        foreach (var (direction, peers) in ((string, string)[])[("ingress", "from"), ("egress", "to")])
        {
            foreach (var (rule, at) in spec.Indexed(direction, "spec"))
            {
                foreach (var (port, portAt) in rule.Indexed("ports", at))
                {
                    Port(port, portAt, errors);
                }
                foreach (var (peer, peerAt) in rule.Indexed(peers, at))
                {
                    Peer(peer, peerAt, errors);
                }
            }
        }
        var types = spec.Texts("policyTypes").ToList();
        if (types.Count > 2)
        {
            errors.Invalid("spec.policyTypes", spec.List("policyTypes"), "may not specify more than two policyTypes");
            return;
        }
        for (var i = 0; i < types.Count; i++)
        {
            if (types[i] is not ("Ingress" or "Egress"))
            {
                errors.NotSupported($"spec.policyTypes[{i}]", types[i], "Ingress", "Egress");
            }
        }
    }

    private static void Port(JsonObject port, string path, FieldErrors errors)
    {
        if (!Protocols.Contains(port.Text("protocol")))
        {
            errors.NotSupported($"{path}.protocol", port.Text("protocol"), Protocols);
        }
        var end = port.Number("endPort");
        if (NodeFields.AsNumber(port["port"]) is { } number)
        {
            if (NameSyntax.PortProblem(number) is { } problem)
            {
                errors.Invalid($"{path}.port", number, problem);
            }
            if (end < number)
            {
                errors.Invalid($"{path}.endPort", end, "must be greater than or equal to `port`");
            }
            if (end is { } last && NameSyntax.PortProblem(last) is { } endProblem)
            {
                errors.Invalid($"{path}.endPort", last, endProblem);
            }
            return;
        }
        if (end is not null)
        {
            errors.Invalid(
                $"{path}.endPort",
                end,
                port.Has("port") ? "may not be specified when `port` is non-numeric" : "may not be specified when `port` is not specified"
            );
        }
        if (NodeFields.AsText(port["port"]) is { } name)
        {
            foreach (var nameProblem in NameSyntax.PortNameProblems(name))
            {
                errors.Invalid($"{path}.port", name, nameProblem);
            }
        }
    }

    private static void Peer(JsonObject peer, string path, FieldErrors errors)
    {
        SelectorValidation.Validate(peer.Child("podSelector"), $"{path}.podSelector", errors);
        SelectorValidation.Validate(peer.Child("namespaceSelector"), $"{path}.namespaceSelector", errors);
        if (peer.Child("ipBlock") is { } block)
        {
            Block(block, $"{path}.ipBlock", errors);
        }
        if (!peer.Has("podSelector") && !peer.Has("namespaceSelector") && !peer.Has("ipBlock"))
        {
            errors.Required(path, "must specify a peer");
        }
        else if (peer.Has("ipBlock") && (peer.Has("podSelector") || peer.Has("namespaceSelector")))
        {
            errors.Forbidden(path, "may not specify both ipBlock and another peer");
        }
    }

    private static void Block(JsonObject block, string path, FieldErrors errors)
    {
        var cidr = block.Text("cidr");
        if (cidr.Length == 0)
        {
            errors.Required($"{path}.cidr");
            return;
        }
        if (AddressSyntax.LegacyRangeProblem(cidr) is { } problem)
        {
            errors.Invalid($"{path}.cidr", cidr, problem);
            return;
        }
        var network = AddressSyntax.ParseRange(cidr)!.Value;
        var exceptions = block.Texts("except").ToList();
        for (var i = 0; i < exceptions.Count; i++)
        {
            if (AddressSyntax.LegacyRangeProblem(exceptions[i]) is { } exceptionProblem)
            {
                errors.Invalid($"{path}.except[{i}]", exceptions[i], exceptionProblem);
            }
            else if (
                AddressSyntax.ParseRange(exceptions[i])!.Value is var inner
                && (!network.Contains(inner.BaseAddress) || inner.PrefixLength <= network.PrefixLength)
            )
            {
                errors.Invalid($"{path}.except[{i}]", exceptions[i], "must be a strict subset of `cidr`");
            }
        }
    }
}
