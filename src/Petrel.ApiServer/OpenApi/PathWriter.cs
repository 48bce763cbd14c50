using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.OpenApi;

/// <summary>
/// Writes the operations of a kind with upstream's extensions: clients look up the patch of their kind and what parameters it takes.
/// </summary>
internal static class PathWriter
{
    private static readonly string[] PatchTypes =
    [
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];

    private static readonly Parameter[] Writing =
    [
        new("dryRun", "string"),
        new("fieldManager", "string"),
        new("fieldValidation", "string"),
    ];

    private static readonly Parameter[] Deleting =
    [
        new("dryRun", "string"),
        new("gracePeriodSeconds", "integer"),
        new("orphanDependents", "boolean"),
        new("propagationPolicy", "string"),
    ];

    private static readonly Parameter[] Listing =
    [
        new("allowWatchBookmarks", "boolean"),
        new("continue", "string"),
        new("fieldSelector", "string"),
        new("labelSelector", "string"),
        new("limit", "integer"),
        new("resourceVersion", "string"),
        new("resourceVersionMatch", "string"),
        new("sendInitialEvents", "boolean"),
        new("timeoutSeconds", "integer"),
        new("watch", "boolean"),
    ];

    private readonly record struct Parameter(string Name, string Type, string In = "query");

    /// <summary>The kind's paths in order: collection, object, subresources, and the collection over all namespaces.</summary>
    public static IEnumerable<(string Path, JsonObject Item)> Paths(
        KindRegistry kinds,
        GroupVersionKinds version,
        KindDefinition kind,
        SchemaWriter schemas
    )
    {
        var collection = $"/{version.Root}/{(kind.Namespaced ? "namespaces/{namespace}/" : "")}{kind.Plural}";
        yield return (collection, Collection(kind, schemas));
        yield return (collection + "/{name}", Object(kind, kind.Verbs, kind.Gvk, Body(kind.Schema.Name), "", schemas));
        foreach (var subresource in kinds.SubresourcesOf(kind))
        {
            var shown = subresource.KindBelow(kind);
            var body = subresource.IsText ? null : Body(shown == kind.Gvk ? kind.Schema.Name : schemas.AddOther(shown, subresource.Schema));
            yield return (
                $"{collection}/{{name}}/{subresource.Name}",
                Object(kind, subresource.Verbs, shown, body, subresource.Name, schemas)
            );
        }
        if (kind.Namespaced)
        {
            var everywhere = new JsonObject
            {
                ["get"] = Operation(kind.Gvk, $"list{kind.Gvk.Kind}ForAllNamespaces", "list", null, Body(SchemaWriter.ListName(kind))),
            };
            everywhere["parameters"] = Parameters([.. Listing, new("pretty", "string")]);
            yield return ($"/{version.Root}/{kind.Plural}", everywhere);
        }
    }

    private static JsonObject Collection(KindDefinition kind, SchemaWriter schemas)
    {
        var item = new JsonObject();
        var scope = kind.Namespaced ? "Namespaced" : "";
        var body = Body(kind.Schema.Name);
        foreach (var verb in kind.Verbs)
        {
            switch (verb)
            {
                case "list":
                    item["get"] = Operation(
                        kind.Gvk,
                        $"list{scope}{kind.Gvk.Kind}",
                        "list",
                        null,
                        Body(SchemaWriter.ListName(kind)),
                        Listing
                    );
                    break;
                case "create":
                    item["post"] = Operation(kind.Gvk, $"create{scope}{kind.Gvk.Kind}", "post", body, body, Writing);
                    break;
                case "deletecollection":
                    item["delete"] = Operation(
                        kind.Gvk,
                        $"deleteCollection{scope}{kind.Gvk.Kind}",
                        "deletecollection",
                        Body(schemas.Meta("DeleteOptions")),
                        Body(schemas.Meta("Status")),
                        [.. Deleting, .. Listing]
                    );
                    break;
            }
        }
        item["parameters"] = Parameters(
            kind.Namespaced ? [new("namespace", "string", "path"), new("pretty", "string")] : [new("pretty", "string")]
        );
        return item;
    }

    private static JsonObject Object(
        KindDefinition kind,
        IReadOnlyList<string> verbs,
        GroupVersionKind shown,
        JsonObject? body,
        string subresource,
        SchemaWriter schemas
    )
    {
        var item = new JsonObject();
        var name =
            (kind.Namespaced ? "Namespaced" : "")
            + kind.Gvk.Kind
            + (subresource.Length == 0 ? "" : char.ToUpperInvariant(subresource[0]) + subresource[1..]);
        foreach (var verb in verbs)
        {
            switch (verb)
            {
                case "get":
                    item["get"] = Operation(shown, $"read{name}", "get", null, body);
                    break;
                case "create" when subresource.Length > 0:
                    item["post"] = Operation(shown, $"create{name}", "post", body, body, Writing);
                    break;
                case "update":
                    item["put"] = Operation(shown, $"replace{name}", "put", body, body, Writing);
                    break;
                case "patch":
                    item["patch"] = Operation(
                        shown,
                        $"patch{name}",
                        "patch",
                        Body(
                            schemas.Meta("Patch"),
                            kind.IsCustom ? [.. PatchTypes.Where(p => !p.Contains("strategic", StringComparison.Ordinal))] : PatchTypes
                        ),
                        body,
                        [.. Writing, new("force", "boolean")]
                    );
                    break;
                case "delete" when subresource.Length == 0:
                    item["delete"] = Operation(
                        shown,
                        $"delete{name}",
                        "delete",
                        Body(schemas.Meta("DeleteOptions")),
                        Body(schemas.Meta("Status")),
                        Deleting
                    );
                    break;
            }
        }
        item["parameters"] = Parameters([
            new("name", "string", "path"),
            .. kind.Namespaced ? [new Parameter("namespace", "string", "path")] : Array.Empty<Parameter>(),
            new("pretty", "string"),
        ]);
        return item;
    }

    private static JsonObject Operation(
        GroupVersionKind kind,
        string id,
        string action,
        JsonObject? takes,
        JsonObject? gives,
        params IReadOnlyList<Parameter> parameters
    )
    {
        var group = kind.Group.Length == 0 ? "core" : kind.Group.Split('.')[0];
        var tag = $"{group}_{kind.Version}";
        var operation = new JsonObject
        {
            ["tags"] = new JsonArray(tag),
            ["operationId"] = id.Insert(id.TakeWhile(char.IsLower).Count(), Pascal(group) + Pascal(kind.Version)),
        };
        if (parameters.Count > 0)
        {
            operation["parameters"] = Parameters(parameters);
        }
        if (takes is not null)
        {
            operation["requestBody"] = new JsonObject { ["content"] = takes.DeepClone() };
        }
        var ok = new JsonObject { ["description"] = "OK" };
        ok["content"] = gives?.DeepClone()
            ?? new JsonObject { ["text/plain"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } } };
        operation["responses"] = new JsonObject { [action == "post" ? "201" : "200"] = ok };
        operation["x-kubernetes-action"] = action;
        operation["x-kubernetes-group-version-kind"] = OpenApiWriter.Kind(kind);
        return operation;
    }

    private static JsonObject Body(string schema, params string[] mediaTypes) =>
        new(
            (mediaTypes.Length == 0 ? ["application/json"] : mediaTypes).Select(m =>
                KeyValuePair.Create(m, (JsonNode?)new JsonObject { ["schema"] = SchemaWriter.Reference(schema) })
            )
        );

    private static JsonArray Parameters(IReadOnlyList<Parameter> parameters) =>
        new([
            .. parameters.Select(p =>
            {
                var value = new JsonObject { ["name"] = p.Name, ["in"] = p.In };
                if (p.In == "path")
                {
                    value["required"] = true;
                }
                value["schema"] = new JsonObject { ["type"] = p.Type, ["uniqueItems"] = true };
                return (JsonNode)value;
            }),
        ]);

    private static string Pascal(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
