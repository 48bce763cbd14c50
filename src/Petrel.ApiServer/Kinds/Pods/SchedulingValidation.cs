using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for where a pod may run: tolerations, affinity, topology spread, scheduling gates.</summary>
internal static class SchedulingValidation
{
    private static readonly string[] Effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    private static readonly string[] Operators = ["Equal", "Exists"];
    private static readonly string[] SpreadActions = ["DoNotSchedule", "ScheduleAnyway"];

    public static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        Tolerations(spec, path, errors);
        var affinity = spec.Child("affinity");
        NodeAffinity(affinity.Child("nodeAffinity"), $"{path}.affinity.nodeAffinity", errors);
        PodAffinity(affinity.Child("podAffinity"), $"{path}.affinity.podAffinity", errors);
        PodAffinity(affinity.Child("podAntiAffinity"), $"{path}.affinity.podAntiAffinity", errors);
        Spread(spec, path, errors);
        Gates(spec, path, errors);
    }

    private static void Tolerations(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (toleration, at) in spec.Indexed("tolerations", path))
        {
            var key = toleration.Text("key");
            var value = toleration.Text("value");
            var op = toleration.Text("operator");
            var effect = toleration.Text("effect");
            if (key.Length > 0 && LabelSyntax.KeyProblem(key) is { } keyProblem)
            {
                errors.Invalid($"{at}.key", key, keyProblem);
            }
            if (key.Length == 0 && op != "Exists")
            {
                errors.Invalid(
                    $"{at}.operator",
                    op,
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\""
                );
            }
            if (toleration.Has("tolerationSeconds") && effect != "NoExecute")
            {
                errors.Invalid($"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
            }
            switch (op)
            {
                case "" or "Equal":
                    if (LabelSyntax.ValueProblem(value) is { } valueProblem)
                    {
                        errors.Invalid($"{at}.operator", value, valueProblem);
                    }
                    break;
                case "Exists":
                    if (value.Length > 0)
                    {
                        errors.Invalid($"{at}.operator", Shown(toleration), "value must be empty when `operator` is 'Exists'");
                    }
                    break;
                default:
                    errors.NotSupported($"{at}.operator", op, Operators);
                    break;
            }
            if (effect.Length > 0)
            {
                Effect(effect, $"{at}.effect", errors);
            }
        }
    }

    /// <summary>What a taint does to pods, which it must say.</summary>
    public static void Effect(string effect, string path, FieldErrors errors)
    {
        if (effect.Length == 0)
        {
            errors.Required(path);
        }
        else if (!Effects.Contains(effect))
        {
            errors.NotSupported(path, effect, Effects);
        }
    }

    private static JsonObject Shown(JsonObject toleration) =>
        new()
        {
            ["Key"] = toleration.Text("key"),
            ["Operator"] = toleration.Text("operator"),
            ["Value"] = toleration.Text("value"),
            ["Effect"] = toleration.Text("effect"),
            ["TolerationSeconds"] = toleration.Number("tolerationSeconds"),
        };

    private static void NodeAffinity(JsonObject? affinity, string path, FieldErrors errors)
    {
        const string required = "requiredDuringSchedulingIgnoredDuringExecution";
        const string preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        if (affinity.Child(required) is { } terms)
        {
            NodeSelector(terms, $"{path}.{required}", errors);
        }
        foreach (var (choice, at) in affinity.Indexed(preferred, path))
        {
            Weight(choice, at, errors);
            NodeSelectorTerm(choice.Child("preference") ?? [], $"{at}.preference", errors);
        }
    }

    /// <summary>Which nodes will do: for a pod, or for a volume.</summary>
    public static void NodeSelector(JsonObject selector, string path, FieldErrors errors)
    {
        if ((selector.List("nodeSelectorTerms")?.Count ?? 0) == 0)
        {
            errors.Required($"{path}.nodeSelectorTerms", "must have at least one node selector term");
        }
        foreach (var (term, at) in selector.Indexed("nodeSelectorTerms", path))
        {
            NodeSelectorTerm(term, at, errors);
        }
    }

    private static void NodeSelectorTerm(JsonObject term, string path, FieldErrors errors)
    {
        foreach (var (expression, at) in term.Indexed("matchExpressions", path))
        {
            var count = expression.List("values")?.Count ?? 0;
            switch (expression.Text("operator"))
            {
                case "In" or "NotIn":
                    if (count == 0)
                    {
                        errors.Required($"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                    }
                    break;
                case "Exists" or "DoesNotExist":
                    if (count > 0)
                    {
                        errors.Forbidden($"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    }
                    break;
                case "Gt" or "Lt":
                    if (count != 1)
                    {
                        errors.Required($"{at}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
                    }
                    break;
                case var other:
                    errors.Invalid($"{at}.operator", other, "not a valid selector operator");
                    break;
            }
            if (LabelSyntax.KeyProblem(expression.Text("key")) is { } problem)
            {
                errors.Invalid($"{at}.key", expression.Text("key"), problem);
            }
        }
        foreach (var (field, at) in term.Indexed("matchFields", path))
        {
            if (field.Text("operator") is not ("In" or "NotIn"))
            {
                errors.Invalid($"{at}.operator", field.Text("operator"), "not a valid selector operator");
            }
            else if ((field.List("values")?.Count ?? 0) != 1)
            {
                errors.Required($"{at}.values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
            }
            if (field.Text("key") != "metadata.name")
            {
                errors.Invalid($"{at}.key", field.Text("key"), "not a valid field selector key");
            }
        }
    }

    private static void PodAffinity(JsonObject? affinity, string path, FieldErrors errors)
    {
        foreach (var (term, at) in affinity.Indexed("requiredDuringSchedulingIgnoredDuringExecution", path))
        {
            PodAffinityTerm(term, at, errors);
        }
        foreach (var (choice, at) in affinity.Indexed("preferredDuringSchedulingIgnoredDuringExecution", path))
        {
            Weight(choice, at, errors);
            PodAffinityTerm(choice.Child("podAffinityTerm") ?? [], $"{at}.podAffinityTerm", errors);
        }
    }

    private static void PodAffinityTerm(JsonObject term, string path, FieldErrors errors)
    {
        SelectorValidation.Validate(term.Child("labelSelector"), $"{path}.labelSelector", errors);
        SelectorValidation.Validate(term.Child("namespaceSelector"), $"{path}.namespaceSelector", errors);
        foreach (var name in term.Texts("namespaces"))
        {
            if (NameSyntax.LabelProblem(name) is { } problem)
            {
                errors.Invalid($"{path}.namespace", name, problem);
            }
        }
        TopologyKey(term, path, errors);
    }

    private static void TopologyKey(JsonObject value, string path, FieldErrors errors)
    {
        var key = value.Text("topologyKey");
        if (key.Length == 0)
        {
            errors.Required($"{path}.topologyKey", "can not be empty");
        }
        else if (LabelSyntax.KeyProblem(key) is { } problem)
        {
            errors.Invalid($"{path}.topologyKey", key, problem);
        }
    }

    private static void Weight(JsonObject choice, string path, FieldErrors errors)
    {
        if (choice.Number("weight") is not (>= 1 and <= 100))
        {
            errors.Invalid($"{path}.weight", choice.Number("weight") ?? 0, "must be in the range 1-100");
        }
    }

    private static void Spread(JsonObject spec, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (constraint, at) in spec.Indexed("topologySpreadConstraints", path))
        {
            if ((constraint.Number("maxSkew") ?? 0) <= 0)
            {
                errors.Invalid($"{at}.maxSkew", constraint.Number("maxSkew") ?? 0, "must be greater than zero");
            }
            TopologyKey(constraint, at, errors);
            var action = constraint.Text("whenUnsatisfiable");
            if (!SpreadActions.Contains(action))
            {
                errors.NotSupported($"{at}.whenUnsatisfiable", action, SpreadActions);
            }
            if (constraint.Number("minDomains") is { } domains)
            {
                if (domains <= 0)
                {
                    errors.Invalid($"{at}.minDomains", domains, "must be greater than zero");
                }
                else if (action != "DoNotSchedule")
                {
                    errors.Invalid(
                        $"{at}.minDomains",
                        domains,
                        "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + action
                    );
                }
            }
            var pair = $"{{{constraint.Text("topologyKey")}, {action}}}";
            if (!seen.Add(pair))
            {
                errors.Duplicate($"{at}.{{topologyKey, whenUnsatisfiable}}", pair);
            }
            SelectorValidation.Validate(constraint.Child("labelSelector"), $"{at}.labelSelector", errors);
        }
    }

    private static void Gates(JsonObject spec, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (gate, at) in spec.Indexed("schedulingGates", path))
        {
            var name = gate.Text("name");
            if (LabelSyntax.KeyProblem(name) is { } problem)
            {
                errors.Invalid($"{at}.name", name, problem);
            }
            else if (!seen.Add(name))
            {
                errors.Duplicate($"{at}.name", name);
            }
        }
        if (seen.Count > 0 && spec.Text("nodeName").Length > 0)
        {
            errors.Forbidden($"{path}.nodeName", "cannot be set until all schedulingGates have been cleared");
        }
    }
}
