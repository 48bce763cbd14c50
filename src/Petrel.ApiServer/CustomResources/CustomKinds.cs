using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.CustomResources;

/// <summary>Creates the rows of a CustomResourceDefinition: one for each served version.</summary>
internal static class CustomKinds
{
    public static IReadOnlyList<KindDefinition> Of(JsonObject definition)
    {
        var versions = definition.Child("spec").Objects("versions").ToList();
        var stored = versions.First(v => v.Flag("storage") == true);
        var storage = Row(definition, stored, null);
        return [.. versions.Where(v => v.Flag("served") == true).Select(v => v == stored ? storage : Row(definition, v, storage))];
    }

    private static KindDefinition Row(JsonObject definition, JsonObject version, KindDefinition? storage)
    {
        var spec = definition.Child("spec")!;
        var names = spec.Child("names")!;
        var gvk = new GroupVersionKind(spec.Text("group"), version.Text("name"), names.Text("kind"));
        var source = version.Child("schema").Child("openAPIV3Schema")!;
        var schema = StructuralSchema.Parse(source);
        var hasStatus = version.Child("subresources").Has("status");
        var scale = version.Child("subresources").Child("scale");
        var several = spec.Objects("versions").Count() > 1;
        // Objects stored before a default was added, or in another version, get their defaults when read.
        JsonObject Read(JsonObject document)
        {
            document["apiVersion"] = gvk.ApiVersion;
            SchemaShaping.Default(document, schema);
            return document;
        }
        return new KindDefinition
        {
            Gvk = gvk,
            Plural = names.Text("plural"),
            Singular = names.Text("singular"),
            ListKind = names.Text("listKind"),
            ShortNames = [.. names.Texts("shortNames")],
            Categories = [.. names.Texts("categories")],
            Namespaced = spec.Text("scope") == "Namespaced",
            Schema = SchemaTypes.OfResource($"{string.Join('.', gvk.Group.Split('.').Reverse())}.{gvk.Version}.{gvk.Kind}", schema),
            Storage = storage,
            FromStorage = several || schema.HasDefaults ? Read : null,
            ToStorage = storage is null
                ? null
                : document =>
                {
                    document["apiVersion"] = storage.Gvk.ApiVersion;
                    return document;
                },
            IsCustom = true,
            PublishedSchema = source,
            HasStatus = hasStatus,
            HasGeneration = true,
            Scale = scale is null
                ? null
                : new(
                    JsonPath.Parse(scale.Text("specReplicasPath")).Members!,
                    JsonPath.Parse(scale.Text("statusReplicasPath")).Members!,
                    scale.Text("labelSelectorPath") is { Length: > 0 } selector ? JsonPath.Parse(selector).Members : null
                ),
            Default = document => SchemaShaping.Default(document, schema),
            PrepareForCreate = (document, _) =>
            {
                if (hasStatus)
                {
                    document.Remove("status");
                }
            },
            Validate = (document, _, errors) => SchemaValidation.Validate(document, schema, errors),
            Columns = TableColumns(version),
            SelectableFields = version
                .Objects("selectableFields")
                .ToDictionary(f => f.Text("jsonPath")[1..], f => Selector(f.Text("jsonPath")))
                .ToFrozenDictionary(),
            Deprecation =
                version.Flag("deprecated") == true
                    ? version.Text("deprecationWarning") is { Length: > 0 } warning
                        ? warning
                        : $"{gvk.ApiVersion} {gvk.Kind} is deprecated"
                    : "",
        };
    }

    private static IReadOnlyList<PrinterColumn> TableColumns(JsonObject version)
    {
        var columns = version.Objects("additionalPrinterColumns").ToList();
        return columns.Count == 0 ? [Columns.Name, Columns.Age] : [Columns.Name, .. columns.Select(Column)];
    }

    private static PrinterColumn Column(JsonObject column)
    {
        var path = JsonPath.Parse(column.Text("jsonPath"));
        var type = column.Text("type");
        var description = column.Text("description") is { Length: > 0 } text
            ? text
            : $"Custom resource definition column (in JSONPath format): {column.Text("jsonPath")}";
        return new(column.Text("name"), type, column.Text("format"), description, (int)(column.Number("priority") ?? 0), (document, now) =>
        {
            var found = path.Find(document).ToList();
            return found.Count == 0 ? null
                : found.Count == 1 ? Cell(found[0], type, now)
                : $"[{string.Join(" ", found.Select(Text))}]";
        });
    }

    private static object? Cell(JsonElement value, string type, DateTimeOffset now) =>
        type switch
        {
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null,
            "number" => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null,
            "date" => value.ValueKind == JsonValueKind.String ? Columns.Since(value.GetString()!, now) : "<unknown>",
            _ => Text(value),
        };

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static Func<JsonElement, string> Selector(string jsonPath)
    {
        var path = JsonPath.Parse(jsonPath);
        return document => path.Find(document).Select(Columns.Scalar).FirstOrDefault("");
    }
}
