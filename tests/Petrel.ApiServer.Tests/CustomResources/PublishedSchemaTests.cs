using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Tests.CustomResources;

/// <summary>The schemas of custom kinds in the document of OpenAPI, which follows their definitions.</summary>
public sealed class PublishedSchemaTests
{
    private const string Foo = """
        {"description":"A kind for tests.","type":"object","properties":{
          "spec":{"description":"What is wanted.","type":"object","properties":{
            "bars":{"description":"The bars.","type":"array","items":{"type":"object","required":["name"],"properties":{
              "name":{"description":"Name of the bar.","type":"string"},"feeling":{"type":"string","enum":["Great","Down"]},
              "bazs":{"type":"array","items":{"type":"string"}}}}}}},
          "status":{"description":"What is.","type":"object","properties":{
            "available":{"type":"boolean"},"quxType":{"type":"string","pattern":"in-tree|out-of-tree"}}}}}
        """;

    private const string Waldo = """
        {"description":"Another kind for tests.","type":"object","properties":{
          "spec":{"type":"object","properties":{"dummy":{"description":"Says nothing.","type":"object"}}}}}
        """;

    [Theory]
    [InlineData("a.example.com", "v1", "b.example.com", "v1beta1")]
    [InlineData("a.example.com", "v4", "a.example.com", "v5")]
    [InlineData("a.example.com", "v6", "a.example.com", "v6")]
    public async Task Kinds_of_any_groups_and_versions_are_published_side_by_side_until_they_are_deleted(
        string fooGroup,
        string fooVersion,
        string waldoGroup,
        string waldoVersion
    )
    {
        await using var api = await TestApi.StartAsync();
        var (foo, waldo) = (Name(fooGroup, fooVersion, "Foo"), Name(waldoGroup, waldoVersion, "Waldo"));
        var definition = await TestDefinitions.EstablishAsync(api, TestDefinitions.Of(fooGroup, "foos", "Foo", (fooVersion, Foo)));
        await TestDefinitions.EstablishAsync(api, TestDefinitions.Of(waldoGroup, "waldos", "Waldo", (waldoVersion, Waldo)));

        await PublishedAsync(api, (foo, Foo), (waldo, Waldo));
        await api.JsonAsync(200, "DELETE", definition);
        await PublishedAsync(api, (foo, null), (waldo, Waldo));
    }

    [Fact]
    public async Task A_renamed_version_is_published_under_its_new_name_only()
    {
        await using var api = await TestApi.StartAsync();
        var definition = await WithTwoVersionsAsync(api);

        await api.JsonAsync(
            200,
            "PATCH",
            definition,
            """
            [{"op":"test","path":"/spec/versions/1/name","value":"v3"},{"op":"replace","path":"/spec/versions/1/name","value":"v4"}]
            """,
            "application/json-patch+json"
        );

        await PublishedAsync(api, (Name("v4"), Foo), (Name("v3"), null), (Name("v2"), Foo));
    }

    [Fact]
    public async Task A_version_that_is_no_longer_served_is_no_longer_published()
    {
        await using var api = await TestApi.StartAsync();
        var path = await WithTwoVersionsAsync(api);

        var definition = await api.GetAsync(path);
        definition["spec"]!["versions"]![1]!["served"] = false;
        await api.JsonAsync(200, "PUT", path, definition.ToJsonString());

        await PublishedAsync(api, (Name("v3"), null), (Name("v2"), Foo));
    }

    // Both versions are published.
    private static async Task<string> WithTwoVersionsAsync(TestApi api)
    {
        var path = await TestDefinitions.EstablishAsync(api, TestDefinitions.Of("a.example.com", "foos", "Foo", ("v2", Foo), ("v3", Foo)));
        await PublishedAsync(api, (Name("v2"), Foo), (Name("v3"), Foo));
        return path;
    }

    private static string Name(string version) => Name("a.example.com", version, "Foo");

    private static string Name(string group, string version, string kind) =>
        $"{string.Join('.', group.Split('.').Reverse())}.{version}.{kind}";

    // Waits until these types have these schemas; null for those that are not published.
    private static async Task PublishedAsync(TestApi api, params IReadOnlyList<(string Name, string? Schema)> wanted) =>
        await TestDefinitions.UntilAsync(
            api,
            "/openapi/v2",
            document => wanted.All(w => JsonNode.DeepEquals(Own(document, w.Name), w.Schema is null ? null : JsonNode.Parse(w.Schema))),
            document => string.Join("; ", wanted.Select(w => $"{w.Name}: {Own(document, w.Name)?.ToJsonString() ?? "nothing"}"))
        );

    // A published type without what every type has.
    private static JsonObject? Own(JsonObject document, string name)
    {
        var type = document["definitions"]![name]?.DeepClone().AsObject();
        type?.Remove("x-kubernetes-group-version-kind");
        foreach (var common in (string[])["apiVersion", "kind", "metadata"])
        {
            Assert.True(type is null || type["properties"]!.AsObject().Remove(common), $"{name} has no {common}");
        }
        return type;
    }
}
