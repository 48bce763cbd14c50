using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.OpenApi;

/// <summary>
/// Writes OpenAPI v2 (Swagger) from the v3 documents: one document of everything, which has no oneOf and puts bodies among the parameters.
/// </summary>
internal static class SwaggerWriter
{
    private const string Components = "#/components/schemas/";
    private const string Definitions = "#/definitions/";

    private static readonly string[] Produced = ["application/json", "application/yaml"];
    private static readonly string[] Methods = ["get", "put", "post", "delete", "options", "head", "patch"];

    // What v2 knows of schemas, besides extensions.
    private static readonly string[] Keywords =
    [
        "$ref",
        "format",
        "title",
        "description",
        "default",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
        "required",
        "enum",
        "type",
        "example",
    ];

    public static JsonObject Write(KindRegistry kinds)
    {
        var definitions = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        var paths = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var document in kinds.GroupVersions.Select(version => OpenApiWriter.Write(kinds, version)))
        {
            foreach (var (path, item) in document["paths"]!.AsObject())
            {
                paths[path] = Path(item!.AsObject());
            }
            foreach (var (name, schema) in document["components"]!["schemas"]!.AsObject())
            {
                var definition = Schema(schema!.AsObject());
                Join(definition, definitions.GetValueOrDefault(name));
                definitions[name] = definition;
            }
        }
        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = KubernetesRelease.Version },
            ["paths"] = new JsonObject(paths.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
            ["definitions"] = new JsonObject(definitions.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value))),
        };
    }

    // Types that several groups share list their kinds in each document: join the lists.
    private static void Join(JsonObject definition, JsonObject? other)
    {
        const string kindsName = "x-kubernetes-group-version-kind";
        if (other?[kindsName] is not JsonArray known)
        {
            return;
        }
        var kinds = definition[kindsName] as JsonArray ?? [];
        foreach (var kind in known.Where(k => !kinds.Any(other => JsonNode.DeepEquals(other, k))).ToList())
        {
            kinds.Add(kind!.DeepClone());
        }
        definition[kindsName] = kinds.Parent is null ? kinds : kinds.DeepClone();
    }

    private static JsonObject Path(JsonObject item)
    {
        var result = new JsonObject();
        foreach (var (name, value) in item)
        {
            if (Methods.Contains(name))
            {
                result[name] = Operation(value!.AsObject());
            }
        }
        result["parameters"] = Parameters(item["parameters"]?.AsArray() ?? []);
        return result;
    }

    private static JsonObject Operation(JsonObject operation)
    {
        var result = new JsonObject
        {
            ["tags"] = operation["tags"]!.DeepClone(),
            ["operationId"] = operation["operationId"]!.DeepClone(),
            ["produces"] = Texts(Produced),
        };
        var parameters = Parameters(operation["parameters"]?.AsArray() ?? []);
        if (operation["requestBody"]?["content"]?.AsObject() is { } bodies)
        {
            result["consumes"] = Texts(bodies.Count == 1 ? ["*/*"] : bodies.Select(b => b.Key));
            parameters.Insert(
                0,
                new JsonObject
                {
                    ["name"] = "body",
                    ["in"] = "body",
                    ["required"] = (string?)operation["x-kubernetes-action"] is not ("delete" or "deletecollection"),
                    ["schema"] = Schema(bodies.First().Value!["schema"]!.AsObject()),
                }
            );
        }
        if (parameters.Count > 0)
        {
            result["parameters"] = parameters;
        }
        result["responses"] = new JsonObject(
            operation["responses"]!.AsObject().Select(r => KeyValuePair.Create(r.Key, (JsonNode?)Response(r.Value!.AsObject())))
        );
        result["schemes"] = Texts(["https"]);
        Extensions(operation, result);
        return result;
    }

    private static JsonObject Response(JsonObject response)
    {
        var result = new JsonObject { ["description"] = response["description"]!.DeepClone() };
        if (response["content"]?.AsObject() is { Count: > 0 } content)
        {
            result["schema"] = Schema(content.First().Value!["schema"]!.AsObject());
        }
        return result;
    }

    private static JsonArray Parameters(JsonArray parameters)
    {
        var result = new JsonArray();
        foreach (var parameter in parameters)
        {
            var converted = new JsonObject();
            foreach (var (name, value) in parameter!.AsObject())
            {
                if (name != "schema")
                {
                    converted[name] = value!.DeepClone();
                }
            }
            foreach (var (name, value) in parameter["schema"]!.AsObject())
            {
                converted[name] = value!.DeepClone();
            }
            result.Add((JsonNode)converted);
        }
        return result;
    }

    private static JsonObject Schema(JsonObject schema)
    {
        var result = new JsonObject();
        // In v3 a reference with siblings is wrapped in allOf.
        if (schema["allOf"] is JsonArray { Count: 1 } whole && (string?)whole[0]!["$ref"] is { } target)
        {
            result["$ref"] = target.Replace(Components, Definitions, StringComparison.Ordinal);
        }
        foreach (var (name, value) in schema)
        {
            if (name == "$ref")
            {
                result[name] = ((string)value!).Replace(Components, Definitions, StringComparison.Ordinal);
            }
            else if (Keywords.Contains(name))
            {
                result[name] = value?.DeepClone();
            }
        }
        // Old clients check objects against this document. They refuse what it cannot express, so that it says less (upstream:
        // ToStructuralOpenAPIV2): nothing of nullable values, and nothing of what is below a node that keeps unknown fields.
        if (Nullable(schema) || schema.Flag("x-kubernetes-preserve-unknown-fields") == true)
        {
            schema = new JsonObject(
                schema.Where(m => m.Key is not ("properties" or "items")).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))
            );
            if (Nullable(schema))
            {
                result.Remove("type");
            }
        }
        if (result["type"]?.GetValueKind() == JsonValueKind.String && (string?)result["type"] == "array" && schema["items"] is null)
        {
            result.Remove("type");
        }
        Required(schema, result);
        if (schema["oneOf"] is not null && schema["type"] is null)
        {
            result["type"] = "string";
        }
        if (schema["properties"] is JsonObject properties)
        {
            result["properties"] = new JsonObject(
                properties.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)Schema(p.Value!.AsObject())))
            );
        }
        if (schema["items"] is JsonObject items)
        {
            result["items"] = Schema(items);
        }
        if (schema["additionalProperties"] is { } additional)
        {
            result["additionalProperties"] = additional is JsonObject values ? Schema(values) : additional.DeepClone();
        }
        Extensions(schema, result);
        return result;
    }

    private static bool Nullable(JsonObject schema) => schema.Flag("nullable") == true;

    private static void Required(JsonObject schema, JsonObject result)
    {
        var nullable = (schema.Child("properties") ?? [])
            .Where(p => p.Value is JsonObject child && Nullable(child))
            .Select(p => p.Key)
            .ToList();
        if (nullable.Count == 0 || result["required"] is not JsonArray required)
        {
            return;
        }
        var rest = required.Select(NodeFields.AsText).OfType<string>().Except(nullable).ToList();
        result.Remove("required");
        if (rest.Count > 0)
        {
            result["required"] = Texts(rest);
        }
    }

    private static void Extensions(JsonObject source, JsonObject target)
    {
        foreach (var (name, value) in source)
        {
            if (name.StartsWith("x-", StringComparison.Ordinal))
            {
                target[name] = value?.DeepClone();
            }
        }
    }

    private static JsonArray Texts(IEnumerable<string> texts) => Discovery.ResourceLists.Strings(texts);
}
