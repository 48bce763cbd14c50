using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.CustomResources;

/// <summary>Shapes custom resources by their schema: prunes unknown fields and sets defaults.</summary>
internal static class SchemaShaping
{
    private const int MaxProblems = 100;

    private static readonly SchemaType ObjectMeta = KubernetesSchemas.ByName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;

    /// <summary>A pruned copy of an object; pruned fields are reported as upstream reports unknown fields.</summary>
    public static ConformanceResult Conform(JsonObject document, StructuralSchema schema)
    {
        var unknown = new List<string>();
        var errors = new List<string>();
        var result = Resource(document, schema, "", unknown, errors);
        return new(result, unknown, errors);
    }

    /// <summary>Whether pruning leaves a value of this node as it is.</summary>
    public static bool Keeps(JsonNode value, StructuralSchema schema)
    {
        var unknown = new List<string>();
        Value(value, schema, "", unknown, []);
        return unknown.Count == 0;
    }

    /// <summary>Sets absent fields that have a default. Idempotent.</summary>
    public static void Default(JsonObject document, StructuralSchema schema)
    {
        if (!schema.HasDefaults)
        {
            return;
        }
        foreach (var (name, property) in schema.Properties)
        {
            if (!document.ContainsKey(name) || (document[name] is null && !property.Nullable))
            {
                if (property.Default is { } value)
                {
                    document[name] = value.DeepClone();
                }
            }
            Below(document[name], property);
        }
        if (schema.AdditionalProperties is { } additional)
        {
            foreach (var (name, value) in document.ToList())
            {
                if (!schema.Properties.ContainsKey(name))
                {
                    Below(value, additional);
                }
            }
        }
    }

    private static void Below(JsonNode? value, StructuralSchema schema)
    {
        if (value is JsonObject members)
        {
            Default(members, schema);
        }
        else if (value is JsonArray list && schema.Items is { HasDefaults: true } items)
        {
            foreach (var item in list)
            {
                Below(item, items);
            }
        }
    }

    private static JsonObject Resource(JsonObject document, StructuralSchema schema, string path, List<string> unknown, List<string> errors)
    {
        var rest = document.DeepClone().AsObject();
        rest.Remove("metadata");
        var head = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
        {
            if (rest[name] is { } value)
            {
                head[name] = value.DeepClone();
                rest.Remove(name);
            }
        }
        if (document["metadata"] is JsonObject metadata)
        {
            var conforming = DocumentConformance.Check(metadata, ObjectMeta);
            unknown.AddRange(
                conforming.UnknownFields.Select(u =>
                    u.Replace("unknown field \"", $"unknown field \"{Join(path, "metadata")}.", StringComparison.Ordinal)
                )
            );
            errors.AddRange(conforming.TypeErrors);
            head["metadata"] = conforming.Document;
        }
        else if (document["metadata"] is { } other)
        {
            errors.Add($"{Join(path, "metadata")}: expected an object, got {other.GetValueKind()}");
        }
        var pruned = Members(rest, schema, path, unknown, errors);
        foreach (var (name, value) in pruned.ToList())
        {
            pruned.Remove(name);
            head[name] = value;
        }
        return head;
    }

    private static JsonObject Members(JsonObject document, StructuralSchema schema, string path, List<string> unknown, List<string> errors)
    {
        var result = new JsonObject();
        foreach (var (name, value) in document)
        {
            var at = Join(path, name);
            if (schema.Properties.TryGetValue(name, out var property))
            {
                // A null in a field that is not nullable counts as absent.
                if (value is not null || property.Nullable)
                {
                    result[name] = Value(value, property, at, unknown, errors);
                }
            }
            else if (schema.AdditionalProperties is { } additional)
            {
                result[name] = Value(value, additional, at, unknown, errors);
            }
            else if (schema.PreservesUnknown || schema.AllowsAdditional)
            {
                result[name] = value?.DeepClone();
            }
            else if (unknown.Count < MaxProblems)
            {
                unknown.Add($"unknown field \"{at}\"");
            }
        }
        return result;
    }

    private static JsonNode? Value(JsonNode? value, StructuralSchema schema, string path, List<string> unknown, List<string> errors)
    {
        if (value is JsonObject members)
        {
            return schema.IsEmbedded ? Resource(members, schema, path, unknown, errors) : Members(members, schema, path, unknown, errors);
        }
        if (value is JsonArray list && schema.Items is { } items)
        {
            var result = new JsonArray();
            for (var i = 0; i < list.Count; i++)
            {
                result.Add(Value(list[i], items, $"{path}[{i}]", unknown, errors));
            }
            return result;
        }
        return value?.DeepClone();
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
