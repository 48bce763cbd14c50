using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Tests.CustomResources;

/// <summary>Short ways to define custom kinds.</summary>
internal static class TestDefinitions
{
    public const string Path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    /// <summary>A schema that keeps every field.</summary>
    public const string Open = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    /// <summary>A definition of a kind in namespaces. The first of its versions is the stored one.</summary>
    public static string Of(string group, string plural, string kind, params IReadOnlyList<(string Name, string Schema)> versions)
    {
        var all = versions.Select(
            (version, index) =>
                new JsonObject
                {
                    ["name"] = version.Name,
                    ["served"] = true,
                    ["storage"] = index == 0,
                    ["schema"] = new JsonObject { ["openAPIV3Schema"] = JsonNode.Parse(version.Schema) },
                }
        );
        var names = new JsonObject { ["plural"] = plural, ["kind"] = kind };
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{plural}.{group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = group,
                ["scope"] = "Namespaced",
                ["names"] = names,
                ["versions"] = new JsonArray([.. all]),
            },
        }.ToJsonString();
    }

    /// <summary>Creates a definition and waits until its kind is served. Returns the definition's path.</summary>
    public static async Task<string> EstablishAsync(TestApi api, string definition)
    {
        var name = (string)(await api.CreateAsync(Path, definition))["metadata"]!["name"]!;
        await using var watch = await api.WatchAsync($"{Path}?watch=1&fieldSelector=metadata.name%3D{name}");
        while (await watch.NextAsync() is { } change)
        {
            var conditions = change["object"]!["status"]?["conditions"]?.AsArray() ?? [];
            if (conditions.Any(c => (string?)c!["type"] == "Established" && (string?)c["status"] == "True"))
            {
                return $"{Path}/{name}";
            }
        }
        throw new InvalidOperationException("The watch ended before the definition was established.");
    }

    /// <summary>Reads until what is read is as wanted: what follows a changed definition does so soon, not at once.</summary>
    public static async Task<JsonObject> UntilAsync(
        TestApi api,
        string path,
        Func<JsonObject, bool> isWanted,
        Func<JsonObject, string> show
    )
    {
        var deadline = TimeProvider.System.GetUtcNow() + TestApi.Patience;
        while (true)
        {
            var found = await api.GetAsync(path);
            if (isWanted(found))
            {
                return found;
            }
            Assert.True(TimeProvider.System.GetUtcNow() < deadline, $"{path} still has {show(found)}");
        }
    }
}
