using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Api;

namespace Petrel.ApiServer.OpenApi;

/// <summary>Writes the OpenAPI v3 document of one group and version from its rows.</summary>
internal static class OpenApiWriter
{
    public static JsonObject Write(KindRegistry kinds, GroupVersionKinds version)
    {
        var schemas = new SchemaWriter();
        var paths = new JsonObject();
        foreach (var kind in version.Kinds)
        {
            schemas.AddKind(kind);
            foreach (var (path, item) in PathWriter.Paths(kinds, version, kind, schemas))
            {
                paths[path] = item;
            }
        }
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = KubernetesRelease.Version },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Finish() },
        };
    }

    public static JsonObject Kind(GroupVersionKind kind) =>
        new()
        {
            ["group"] = kind.Group,
            ["version"] = kind.Version,
            ["kind"] = kind.Kind,
        };
}
