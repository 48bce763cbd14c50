using System.Text.Json.Nodes;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>Random objects of built-in kinds that hold to their schemas, though not always to the rules beyond them.</summary>
internal static class SchemaSamples
{
    private static readonly string[] Words =
    [
        "a",
        "x",
        "web",
        "default",
        "Always",
        "Never",
        "TCP",
        "80",
        "http",
        "nginx:1",
        "/data",
        "10.0.0.1",
        "10.96.0.0/16",
        "node-1",
        "example.com/a",
        "v1",
        "Pod",
        "apps",
        "50%",
        "ClusterIP",
        "Exists",
        "In",
    ];

    private static readonly string[] Quantities = ["1", "100m", "1Gi", "0", "1e3", "512Mi"];

    /// <summary>The kinds that can be created and patched, in the order of their rows.</summary>
    public static IReadOnlyList<KindDefinition> Kinds { get; } = [.. BuiltInKinds.Registry.All.Where(k => k.Verbs.Contains("patch"))];

    public static string Collection(KindDefinition kind) =>
        $"{(kind.Gvk.Group.Length == 0 ? "/api/" : $"/apis/{kind.Gvk.Group}/")}{kind.Gvk.Version}/"
        + $"{(kind.Namespaced ? "namespaces/default/" : "")}{kind.Plural}";

    public static JsonObject Of(PCG random, KindDefinition kind, string name)
    {
        var document = Object(random, kind.Schema, 0);
        document["apiVersion"] = kind.Gvk.ApiVersion;
        document["kind"] = kind.Gvk.Kind;
        document["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["app"] = "web" },
            ["annotations"] = new JsonObject { ["a"] = "b" },
        };
        return document;
    }

    private static JsonObject Object(PCG random, SchemaType type, int depth)
    {
        var result = new JsonObject();
        foreach (var field in type.Fields)
        {
            // Deeper down less is said, so that objects end.
            if (depth < 9 && Mutator.Next(random, 10) < (field.Required ? 9 : 5 - depth / 2))
            {
                result[field.Name] = Value(random, field, depth + 1);
            }
        }
        return result;
    }

    private static JsonNode? Value(PCG random, SchemaField field, int depth)
    {
        if (field.IsMap)
        {
            var map = new JsonObject();
            for (var i = Mutator.Next(random, 3); i > 0; i--)
            {
                map[Mutator.Pick(random, Words)] = field.IsWrapped ? new JsonArray(Item(random, field, depth)) : Item(random, field, depth);
            }
            return map;
        }
        return field.IsList
            ? new JsonArray([.. Enumerable.Range(0, Mutator.Next(random, 3)).Select(_ => Item(random, field, depth))])
            : Item(random, field, depth);
    }

    private static JsonNode? Item(PCG random, SchemaField field, int depth) =>
        field.Kind switch
        {
            FieldKind.Object => Object(random, field.Type!, depth),
            FieldKind.Int32 or FieldKind.Int64 => (long)Mutator.Next(random, 100),
            FieldKind.Bool => Mutator.Next(random, 2) == 0,
            FieldKind.Double => 0.5,
            FieldKind.Bytes => "YQ==",
            FieldKind.Quantity => Mutator.Pick(random, Quantities),
            FieldKind.IntOrString => Mutator.Next(random, 2) == 0 ? 80L : "50%",
            FieldKind.Time => "2026-01-02T03:04:05Z",
            FieldKind.MicroTime => "2026-01-02T03:04:05.000006Z",
            FieldKind.Duration => "1m0s",
            FieldKind.Json => new JsonObject { ["a"] = new JsonArray(1, "b", null) },
            _ => Mutator.Pick(random, Words),
        };
}
