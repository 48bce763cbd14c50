using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.OpenApi;

/// <summary>Collects <c>components.schemas</c>: the types of the added kinds and every type that they reach.</summary>
internal sealed class SchemaWriter
{
    private const string MetaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    private const string QuantityName = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private const string IntOrStringName = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    private const string RawName = "io.k8s.apimachinery.pkg.runtime.RawExtension";

    private readonly SortedDictionary<string, JsonObject> _schemas = new(StringComparer.Ordinal);
    private readonly Descriptions _descriptions = Descriptions.Load();

    /// <summary>Adds a kind and its list.</summary>
    public void AddKind(KindDefinition kind)
    {
        Mark(kind.PublishedSchema is { } published ? AddPublished(kind.Schema.Name, published) : Add(kind.Schema), kind.Gvk);
        var list = kind.Gvk with { Kind = kind.ListKind.Length > 0 ? kind.ListKind : kind.Gvk.Kind + "List" };
        var name = ListName(kind);
        var head = KubernetesSchemas.ByName("io.k8s.api.core.v1.PodList")!;
        _schemas[name] = new JsonObject
        {
            ["type"] = "object",
            ["description"] = $"{kind.Gvk.Kind}List is a list of {kind.Plural}.",
            ["required"] = new JsonArray("items"),
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = Head(head, "apiVersion", Typed("string")),
                ["items"] = new JsonObject
                {
                    ["description"] =
                        $"List of {kind.Plural}. More info: "
                        + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md",
                    ["type"] = "array",
                    ["items"] = Whole(kind.Schema.Name),
                },
                ["kind"] = Head(head, "kind", Typed("string")),
                ["metadata"] = Head(head, "metadata", Whole(Meta("ListMeta"))),
            },
        };
        Mark(name, list);
    }

    public static string ListName(KindDefinition kind) => kind.Schema.Name + "List";

    /// <summary>Adds a type of meta/v1 by its short name; returns its full one.</summary>
    public string Meta(string name)
    {
        var type = KubernetesSchemas.ByName(MetaPrefix + name) ?? throw new InvalidOperationException($"there is no schema of {name}");
        return Add(type);
    }

    /// <summary>Adds the type of a subresource's documents.</summary>
    public string AddOther(GroupVersionKind kind, SchemaType? schema = null)
    {
        var type = schema ?? KubernetesSchemas.ForKind(kind) ?? throw new InvalidOperationException($"there is no schema for {kind}");
        return Mark(Add(type), kind);
    }

    public JsonObject Finish() => new(_schemas.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value)));

    public static JsonObject Reference(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };

    // A custom schema describes everything but apiVersion, kind and metadata.
    private string AddPublished(string name, JsonObject published)
    {
        var schema = published.DeepClone().AsObject();
        if (schema["properties"] is not JsonObject properties)
        {
            schema["properties"] = properties = [];
        }
        var head = KubernetesSchemas.ByName("io.k8s.api.core.v1.Pod")!;
        properties["apiVersion"] = Head(head, "apiVersion", Typed("string"));
        properties["kind"] = Head(head, "kind", Typed("string"));
        properties["metadata"] = Head(head, "metadata", Whole(Meta("ObjectMeta")));
        _schemas[name] = schema;
        return name;
    }

    // apiVersion, kind and metadata are described alike in all kinds.
    private JsonObject Head(SchemaType type, string field, JsonObject schema)
    {
        var result = Described(_descriptions.Of(type, type.Field(field)!));
        foreach (var (name, value) in schema)
        {
            result[name] = value?.DeepClone();
        }
        return result;
    }

    private string Mark(string name, GroupVersionKind kind)
    {
        var kinds = _schemas[name]["x-kubernetes-group-version-kind"] as JsonArray ?? [];
        if (!kinds.Any(k => JsonNode.DeepEquals(k, OpenApiWriter.Kind(kind))))
        {
            kinds.Add((JsonNode)OpenApiWriter.Kind(kind));
        }
        _schemas[name]["x-kubernetes-group-version-kind"] = kinds;
        return name;
    }

    private string Add(SchemaType type)
    {
        if (_schemas.ContainsKey(type.Name))
        {
            return type.Name;
        }
        // Added before its fields are written: types may be recursive.
        var schema = _schemas[type.Name] = Described(_descriptions.Of(type));
        schema["type"] = "object";
        var required = type.Fields.Where(f => f.Required).Select(f => f.Name).Order(StringComparer.Ordinal).ToArray();
        if (required.Length > 0)
        {
            schema["required"] = Discovery.ResourceLists.Strings(required);
        }
        var properties = new JsonObject();
        foreach (var field in type.Fields.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            var property = Described(_descriptions.Of(type, field));
            foreach (var (name, value) in Property(field))
            {
                property[name] = value?.DeepClone();
            }
            properties[field.Name] = property;
        }
        schema["properties"] = properties;
        return type.Name;
    }

    private static JsonObject Described(string text) => text.Length == 0 ? [] : new JsonObject { ["description"] = text };

    private JsonObject Property(SchemaField field)
    {
        if (field.IsMap)
        {
            var element = field.IsList ? new JsonObject { ["type"] = "array", ["items"] = Value(field) } : Value(field);
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = element };
        }
        if (!field.IsList)
        {
            return Value(field);
        }
        var list = new JsonObject { ["type"] = "array", ["items"] = Value(field) };
        if (field.ListMapKeys.Count > 0)
        {
            list["x-kubernetes-list-map-keys"] = Discovery.ResourceLists.Strings(field.ListMapKeys);
        }
        list["x-kubernetes-list-type"] = field.ListKind switch
        {
            ListKind.Map => "map",
            ListKind.Set => "set",
            _ => "atomic",
        };
        Patch(list, field);
        return list;
    }

    private static void Patch(JsonObject property, SchemaField field)
    {
        if (field.PatchMergeKey is not null)
        {
            property["x-kubernetes-patch-merge-key"] = field.PatchMergeKey;
        }
        var strategy = (field.PatchMerge, field.PatchRetainKeys) switch
        {
            (true, true) => "merge,retainKeys",
            (true, false) => "merge",
            (false, true) => "retainKeys",
            _ => null,
        };
        if (strategy is not null)
        {
            property["x-kubernetes-patch-strategy"] = strategy;
        }
    }

    private JsonObject Value(SchemaField field)
    {
        switch (field.Kind)
        {
            case FieldKind.Object:
                var whole = Whole(Add(field.Type!));
                if (!field.IsList && !field.IsMap)
                {
                    Patch(whole, field);
                }
                return whole;
            case FieldKind.Quantity:
                return Whole(Special(QuantityName, () => new JsonObject { ["oneOf"] = new JsonArray(Typed("string"), Typed("number")) }));
            case FieldKind.IntOrString:
                return Whole(
                    Special(IntOrStringName, () =>
                        new JsonObject { ["format"] = "int-or-string", ["oneOf"] = new JsonArray(Typed("integer"), Typed("string")) }
                    )
                );
            case FieldKind.Time:
                return Whole(Special(MetaPrefix + "Time", () => Typed("string", "date-time")));
            case FieldKind.MicroTime:
                return Whole(Special(MetaPrefix + "MicroTime", () => Typed("string", "date-time")));
            case FieldKind.Duration:
                return Whole(Special(MetaPrefix + "Duration", () => Typed("string")));
            case FieldKind.Json:
                return Whole(
                    field.Name == "fieldsV1"
                        ? Special(MetaPrefix + "FieldsV1", () => Typed("object"))
                        : Special(RawName, () => Typed("object"))
                );
            default:
                return field.Kind switch
                {
                    FieldKind.Int32 => Typed("integer", "int32"),
                    FieldKind.Int64 => Typed("integer", "int64"),
                    FieldKind.Double => Typed("number", "double"),
                    FieldKind.Bool => Typed("boolean"),
                    FieldKind.Bytes => Typed("string", "byte"),
                    _ => Typed("string"),
                };
        }
    }

    private string Special(string name, Func<JsonObject> make)
    {
        if (!_schemas.ContainsKey(name))
        {
            _schemas[name] = make();
        }
        return name;
    }

    private static JsonObject Typed(string type, string? format = null) =>
        format is null ? new JsonObject { ["type"] = type } : new JsonObject { ["type"] = type, ["format"] = format };

    // OpenAPI 3.0 allows nothing beside a $ref; upstream wraps it the same way, so that a property can say more.
    private static JsonObject Whole(string name) => new() { ["allOf"] = new JsonArray(Reference(name)) };
}
