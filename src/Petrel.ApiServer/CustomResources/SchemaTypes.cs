using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.CustomResources;

/// <summary>Shows a structural schema as the types that the rest of the server reads: for patches, applies and field paths.</summary>
internal static class SchemaTypes
{
    private static readonly SchemaType ObjectMeta = KubernetesSchemas.ByName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;

    /// <param name="name">The type's name in OpenAPI, for example <c>com.example.stable.v1.CronTab</c>.</param>
    /// <param name="schema">The schema of the whole object.</param>
    public static SchemaType OfResource(string name, StructuralSchema schema) =>
        new(name, _ =>
            [
                .. Head(),
                .. schema
                    .Properties.Where(p => p.Key is not ("apiVersion" or "kind" or "metadata"))
                    .Select(p => Field(p.Key, p.Value, name)),
            ]
        )
        {
            PreservesUnknown = schema.PreservesUnknown,
            Conform = document => SchemaShaping.Conform(document, schema),
        };

    private static SchemaField[] Head() =>
        [
            new()
            {
                Name = "apiVersion",
                Kind = FieldKind.String,
                IsValue = true,
            },
            new()
            {
                Name = "kind",
                Kind = FieldKind.String,
                IsValue = true,
            },
            new()
            {
                Name = "metadata",
                Kind = FieldKind.Object,
                Type = ObjectMeta,
                IsValue = true,
            },
        ];

    private static SchemaField Field(string name, StructuralSchema schema, string owner)
    {
        var path = $"{owner}.{name}";
        if (schema.Type == "array" && schema.Items is { } items && items.Type != "array")
        {
            return Element(name, items, path) with
            {
                IsList = true,
                ListKind = schema.ListType switch
                {
                    "map" => ListKind.Map,
                    "set" => ListKind.Set,
                    _ => ListKind.Atomic,
                },
                ListMapKeys = schema.ListMapKeys,
            };
        }
        if (schema.Type == "object" && schema.AdditionalProperties is { } values && schema.Properties.Count == 0)
        {
            var isList = values.Type == "array" && values.Items is not null;
            return Element(name, isList ? values.Items! : values, path) with
            {
                IsMap = true,
                IsList = isList,
                IsAtomicMap = schema.IsAtomicMap,
            };
        }
        return Element(name, schema, path) with { Default = schema.Default };
    }

    private static SchemaField Element(string name, StructuralSchema schema, string path) =>
        schema.Type switch
        {
            _ when schema.IsIntOrString => new() { Name = name, Kind = FieldKind.IntOrString },
            "string" => new() { Name = name, Kind = FieldKind.String },
            "boolean" => new() { Name = name, Kind = FieldKind.Bool },
            "integer" => new() { Name = name, Kind = FieldKind.Int64 },
            "number" => new() { Name = name, Kind = FieldKind.Double },
            "object" when schema.IsEmbedded => new()
            {
                Name = name,
                Kind = FieldKind.Object,
                Type = OfResource(path, schema),
            },
            "object" when schema.Properties.Count > 0 => new()
            {
                Name = name,
                Kind = FieldKind.Object,
                Type = OfMembers(path, schema),
            },
            _ => new()
            {
                Name = name,
                Kind = FieldKind.Json,
                IsAtomicMap = schema.IsAtomicMap,
            },
        };

    private static SchemaType OfMembers(string name, StructuralSchema schema) =>
        new(name, _ => [.. schema.Properties.Select(p => Field(p.Key, p.Value, name))])
        {
            IsAtomic = schema.IsAtomicMap,
            PreservesUnknown = schema.PreservesUnknown,
        };
}
