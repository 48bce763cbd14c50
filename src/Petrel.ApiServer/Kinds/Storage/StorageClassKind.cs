using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Storage;

/// <summary>storage.k8s.io/v1 StorageClass: how volumes for claims are made.</summary>
internal static class StorageClassKind
{
    private static readonly string[] DefaultMarks =
    [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ];
    private static readonly string[] BindingModes = ["Immediate", "WaitForFirstConsumer"];
    private static readonly string[] ReclaimPolicies = ["Delete", "Retain"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create(StorageRules.Group, "v1", "StorageClass", "storageclasses", namespaced: false) with
        {
            ShortNames = ["sc"],
            Default = static value =>
            {
                value.Fill("reclaimPolicy", "Delete");
                value.Fill("volumeBindingMode", "Immediate");
            },
            Validate = Validate,
            Warnings = static (value, _) =>
                value
                    .Indexed("allowedTopologies", "")
                    .SelectMany(t => t.Value.Indexed("matchLabelExpressions", t.Path[1..]))
                    .Where(e => DeprecatedNodeLabels.Message(e.Value.Text("key")) is not null)
                    .Select(e => $"{e.Path}: {DeprecatedNodeLabels.Message(e.Value.Text("key"))}"),
            Columns =
            [
                Name with
                {
                    Value = static (o, _) =>
                        DefaultMarks.Any(m => o.Text("metadata", "annotations", m) == "true")
                            ? o.Text("metadata", "name") + " (default)"
                            : o.Text("metadata", "name"),
                },
                Shown("Provisioner", "What makes its volumes.", static o => o.Text("provisioner")),
                Shown("ReclaimPolicy", "What becomes of a volume after its claim.", static o => o.Text("reclaimPolicy")),
                Shown("VolumeBindingMode", "When a volume is made.", static o => o.Text("volumeBindingMode")),
                Shown("AllowVolumeExpansion", "Whether volumes may grow.", static o => o.Flag("allowVolumeExpansion")),
                Age,
            ],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        StorageRules.Provisioner(value.Text("provisioner"), "provisioner", errors);
        StorageRules.Parameters(value, mayBeEmpty: true, errors);
        if (!ReclaimPolicies.Contains(value.Text("reclaimPolicy")))
        {
            errors.NotSupported("reclaimPolicy", value.Text("reclaimPolicy"), ReclaimPolicies);
        }
        if (!BindingModes.Contains(value.Text("volumeBindingMode")))
        {
            errors.NotSupported("volumeBindingMode", value.Text("volumeBindingMode"), BindingModes);
        }
        Topologies(value, errors);
        StorageRules.Unchanged(value, old, ["parameters", "provisioner", "reclaimPolicy"], errors);
        if (old is not null && value.Text("volumeBindingMode") != old.Text("volumeBindingMode"))
        {
            errors.Invalid("volumeBindingMode", value.Text("volumeBindingMode"), "field is immutable");
        }
    }

    private static void Topologies(JsonObject value, FieldErrors errors)
    {
        var seen = new List<SortedDictionary<string, string>>();
        foreach (var (term, dotted) in value.Indexed("allowedTopologies", ""))
        {
            var path = dotted[1..];
            var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var (expression, at) in term.Indexed("matchLabelExpressions", path))
            {
                var key = expression.Text("key");
                var values = expression.Texts("values").ToList();
                if (values.Count == 0)
                {
                    errors.Required($"{at}.values");
                }
                for (var i = 0; i < values.Count; i++)
                {
                    if (values.IndexOf(values[i]) < i)
                    {
                        errors.Duplicate($"{at}.values[{i}]", values[i]);
                    }
                }
                if (LabelSyntax.KeyProblem(key) is { } problem)
                {
                    errors.Invalid($"{at}.key", key, problem);
                }
                if (!labels.TryAdd(key, string.Join(',', values.Order(StringComparer.Ordinal))))
                {
                    errors.Duplicate($"{at}.key", key);
                }
            }
            if (labels.Count > 0 && seen.Any(s => s.SequenceEqual(labels)))
            {
                errors.Duplicate($"{path}.matchLabelExpressions", "");
            }
            seen.Add(labels);
        }
    }
}
