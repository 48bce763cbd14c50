using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Tests.CustomResources;

/// <summary>What a CustomResourceDefinition may say, how it ends, and what old clients read of it.</summary>
public sealed class DefinitionTests
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Merge = "application/merge-patch+json";
    private const string Widgets = "/apis/example.com/v1/namespaces/default/widgets";

    private static string Definition(string spec, string root = "") =>
        """{"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","""
        + """ "kind":"Widget"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","""
        + root
        + """ "properties":{"spec":{"type":"object","properties":{"""
        + spec
        + "}}}}}}]}}";

    private static async Task<JsonObject> EstablishAsync(TestApi api, string body)
    {
        await api.CreateAsync(Definitions, body);
        await using var watch = await api.WatchAsync(Definitions + "?watch=1");
        while (await watch.NextAsync() is { } change)
        {
            if (Condition(change["object"]!, "Established") is { } established && (string?)established["status"] == "True")
            {
                return change["object"]!.AsObject();
            }
        }
        throw new InvalidOperationException("The watch ended before the definition was established.");
    }

    private static JsonNode? Condition(JsonNode definition, string type) =>
        definition["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == type);

    [Theory]
    [InlineData("\"a\":{\"type\":\"integer\",\"default\":\"x\"}", "must be of type integer: \"string\"")]
    [InlineData("\"a\":{\"type\":\"integer\",\"minimum\":3,\"default\":2}", "should be greater than or equal to 3")]
    [InlineData("\"a\":{\"type\":\"string\",\"enum\":[\"x\"],\"default\":\"y\"}", "Unsupported value: \"y\": supported values: \"x\"")]
    [InlineData("\"a\":{\"type\":\"string\",\"pattern\":\"^b$\",\"default\":\"c\"}", "should match '^b$'")]
    [InlineData(
        "\"a\":{\"type\":\"array\",\"maxItems\":1,\"items\":{\"type\":\"string\"},\"default\":[\"x\",\"y\"]}",
        "must have at most 1 items"
    )]
    [InlineData(
        "\"a\":{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"}},\"default\":{\"c\":\"d\"}}",
        "must not have unknown fields"
    )]
    [InlineData(
        "\"a\":{\"type\":\"object\",\"required\":[\"b\"],\"properties\":{\"b\":{\"type\":\"string\"}},\"default\":{}}",
        "default.b: Required value"
    )]
    [InlineData(
        "\"a\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"boolean\",\"default\":1}}}}",
        "properties[a].items.properties[b].default: Invalid value: \"integer\""
    )]
    public async Task Defaults_must_be_valid(string property, string problem)
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(422, "POST", Definitions, Definition(property));

        var message = (string?)status["message"];
        Assert.Contains("spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a]", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"a\":{\"type\":\"integer\",\"minimum\":3,\"default\":3}")]
    [InlineData("\"a\":{\"x-kubernetes-int-or-string\":true,\"default\":\"10%\"}")]
    [InlineData("\"a\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true,\"default\":{\"c\":[1]}}")]
    [InlineData("\"a\":{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"}},\"default\":{}}")]
    public async Task Valid_defaults_are_taken(string property)
    {
        await using var api = await TestApi.StartAsync();

        await api.CreateAsync(Definitions, Definition(property));
    }

    [Fact]
    public async Task A_terminating_definition_says_so_and_takes_no_new_objects()
    {
        await using var api = await TestApi.StartAsync();
        await EstablishAsync(api, Definition("\"a\":{\"type\":\"string\"}"));
        await api.CreateAsync(
            Widgets,
            """{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","finalizers":["example.com/x"]}}"""
        );
        const string Held = """{"metadata":{"finalizers":["example.com/held"]}}""";
        await api.JsonAsync(200, "PATCH", Definitions + "/widgets.example.com", Held, Merge);
        await using var watch = await api.WatchAsync(Definitions + "?watch=1");
        Assert.Equal("ADDED widgets.example.com", await watch.NextTextAsync());

        await api.JsonAsync(200, "DELETE", Definitions + "/widgets.example.com");
        JsonObject? change;
        while (Condition((change = await watch.NextAsync())!["object"]!, "Terminating") is null) { }

        Assert.Equal("True", (string?)Condition(change!["object"]!, "Terminating")!["status"]);
        Assert.Equal("InstanceDeletionInProgress", (string?)Condition(change["object"]!, "Terminating")!["reason"]);
        const string New = """{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"new"}}""";
        var refused = await api.JsonAsync(405, "POST", Widgets, New);
        var applied = await api.JsonAsync(405, "PATCH", Widgets + "/new?fieldManager=a", New, "application/apply-patch+yaml");
        Assert.All([refused, applied], s =>
            Assert.Equal("create not allowed while custom resource definition is terminating", (string?)s["message"])
        );

        // What is there can still be changed, and let go.
        await api.JsonAsync(200, "PATCH", Widgets + "/w", """{"metadata":{"finalizers":null}}""", Merge);
        while ((string?)Condition((change = await watch.NextAsync())!["object"]!, "Terminating")!["status"] != "False") { }
        Assert.Equal("InstanceDeletionCompleted", (string?)Condition(change!["object"]!, "Terminating")!["reason"]);
        await api.JsonAsync(200, "PATCH", Definitions + "/widgets.example.com", """{"metadata":{"finalizers":null}}""", Merge);
        await api.JsonAsync(404, "GET", Definitions + "/widgets.example.com");
    }

    [Fact]
    public async Task Old_clients_read_nothing_that_would_refuse_valid_objects()
    {
        await using var api = await TestApi.StartAsync();
        await EstablishAsync(
            api,
            Definition(
                """
                "open":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"known":{"type":"string"}}},
                "openList":{"type":"array","x-kubernetes-preserve-unknown-fields":true,"items":{"type":"object"}},
                "maybe":{"type":"object","nullable":true,"properties":{"b":{"type":"string"}}},
                "closed":{"type":"object","required":["must","may"],
                "properties":{"must":{"type":"string"},"may":{"type":"string","nullable":true}}}
                """,
                "\"description\":\"A widget.\","
            )
        );

        var two = (await api.GetAsync("/openapi/v2"))["definitions"]!["com.example.v1.Widget"]!;
        var three = (await api.GetAsync("/openapi/v3/apis/example.com/v1"))["components"]!["schemas"]!["com.example.v1.Widget"]!;

        var spec = two["properties"]!["spec"]!["properties"]!;
        Assert.Null(spec["open"]!["properties"]);
        Assert.Equal("object", (string?)spec["open"]!["type"]);
        Assert.Null(spec["openList"]!["items"]);
        Assert.Null(spec["openList"]!["type"]);
        Assert.Null(spec["maybe"]!["properties"]);
        Assert.Null(spec["maybe"]!["type"]);
        Assert.Equal("""["must"]""", spec["closed"]!["required"]!.ToJsonString());
        Assert.NotNull(spec["closed"]!["properties"]!["must"]);
        // The newer document keeps all of it.
        var full = three["properties"]!["spec"]!["properties"]!;
        Assert.NotNull(full["open"]!["properties"]!["known"]);
        Assert.Equal("""["must","may"]""", full["closed"]!["required"]!.ToJsonString());
        foreach (var document in (JsonNode[])[two, three])
        {
            Assert.StartsWith(
                "APIVersion defines",
                (string?)document["properties"]!["apiVersion"]!["description"],
                StringComparison.Ordinal
            );
            Assert.StartsWith("Kind is a string", (string?)document["properties"]!["kind"]!["description"], StringComparison.Ordinal);
            Assert.StartsWith("Standard object", (string?)document["properties"]!["metadata"]!["description"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_root_that_keeps_everything_describes_nothing_to_old_clients()
    {
        await using var api = await TestApi.StartAsync();
        await EstablishAsync(api, Definition("\"a\":{\"type\":\"string\"}", "\"x-kubernetes-preserve-unknown-fields\":true,"));

        var two = (await api.GetAsync("/openapi/v2"))["definitions"]!["com.example.v1.Widget"]!;

        Assert.Null(two["properties"]);
        Assert.Equal("object", (string?)two["type"]);
        Assert.Equal("Widget", (string?)two["x-kubernetes-group-version-kind"]![0]!["kind"]);
    }
}
