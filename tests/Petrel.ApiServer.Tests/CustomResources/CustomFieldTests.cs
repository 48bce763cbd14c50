using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Tests.CustomResources;

/// <summary>Which fields of custom resources are taken, refused and filled in.</summary>
public sealed class CustomFieldTests
{
    private const string Foos = "/apis/example.com/v1/namespaces/default/foos";
    private const string Strict = Foos + "/one?fieldManager=m&fieldValidation=Strict";
    private const string ApplyType = "application/apply-patch+yaml";

    private const string Embedding = """
        {"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{
          "foo":{"type":"string"},
          "template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{
            "metadata":{"type":"object","properties":{"name":{"type":"string"}}},"spec":{"type":"object"}}}}}}}
        """;

    private static async Task<TestApi> StartAsync(string schema)
    {
        var api = await TestApi.StartAsync();
        await TestDefinitions.EstablishAsync(api, TestDefinitions.Of("example.com", "foos", "Foo", ("v1", schema)));
        return api;
    }

    [Fact]
    public async Task A_kind_without_a_schema_takes_every_field()
    {
        await using var api = await StartAsync(TestDefinitions.Open);

        var applied = await api.JsonAsync(
            201,
            "PATCH",
            Strict,
            """
            apiVersion: example.com/v1
            kind: Foo
            metadata:
              name: one
              finalizers:
              - example.com/test
            spec:
              unknown: uk1
              ports:
              - name: x
                containerPort: 80
            """,
            ApplyType
        );
        var created = await api.CreateAsync(
            Foos + "?fieldValidation=Strict",
            """{"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"two"},"unknown":{"b":[{"c":"d"}]}}"""
        );

        Assert.Equal("""{"unknown":"uk1","ports":[{"name":"x","containerPort":80}]}""", applied["spec"]!.ToJsonString());
        Assert.Equal("""{"b":[{"c":"d"}]}""", created["unknown"]!.ToJsonString());
    }

    [Fact]
    public async Task Unknown_fields_of_metadata_are_named_in_the_object_and_in_what_it_embeds()
    {
        await using var api = await StartAsync(Embedding);

        var refused = await api.JsonAsync(
            500,
            "PATCH",
            Strict,
            """
            apiVersion: example.com/v1
            kind: Foo
            metadata:
              name: one
              unknownMeta: unknown
            spec:
              template:
                apiVersion: foo/v1
                kind: Sub
                metadata:
                  unknownSubMeta: unknown
                  name: subobject
                  namespace: default
              foo: foo1
            """,
            ApplyType
        );
        var posted = await api.JsonAsync(
            400,
            "POST",
            Foos + "?fieldValidation=Strict",
            """
            {"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"one","unknownMeta":1},
             "spec":{"template":{"apiVersion":"foo/v1","kind":"Sub","metadata":{"name":"s","unknownSubMeta":1}}}}
            """
        );

        var said = (string)refused["message"]!;
        Assert.Contains(".metadata.unknownMeta: field not declared in schema", said, StringComparison.Ordinal);
        Assert.Contains(".spec.template.metadata.unknownSubMeta: field not declared in schema", said, StringComparison.Ordinal);
        Assert.Contains(
            "unknown field \"metadata.unknownMeta\", unknown field \"spec.template.metadata.unknownSubMeta\"",
            (string)posted["message"]!,
            StringComparison.Ordinal
        );
        await api.JsonAsync(404, "GET", Foos + "/one");
    }

    [Theory]
    [InlineData(
        "apiVersion: example.com/v1\nkind: Foo\nmetadata:\n  name: one\nspec:\n  unknown: uk1\n  foo: foo1\n  foo: foo2\n",
        "line 8: ",
        "foo"
    )]
    [InlineData(
        """{"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"one"},"spec":{"unknown":1,"foo":"a","foo":"b"}}""",
        "error strict decoding YAML: ",
        "duplicate field \"spec.foo\""
    )]
    public async Task Duplicate_fields_are_refused_even_where_unknown_ones_are_kept(string body, params string[] messages)
    {
        await using var api = await StartAsync(Embedding);

        var refused = await api.JsonAsync(400, "PATCH", Strict, body, ApplyType);

        Assert.All(messages, m => Assert.Contains(m, (string)refused["message"]!, StringComparison.Ordinal));
        await api.JsonAsync(404, "GET", Foos + "/one");
    }

    [Fact]
    public async Task A_default_shows_in_older_objects_and_stays_in_those_that_were_created_with_it()
    {
        await using var api = await TestApi.StartAsync();
        const string Letters = """{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}""";
        var definition = await TestDefinitions.EstablishAsync(api, TestDefinitions.Of("example.com", "foos", "Foo", ("v1", Letters)));
        await api.CreateAsync(Foos, """{"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"old"}}""");

        await DefaultAsync(api, definition, """[{"op":"add","path":"PROPERTIES/a/default","value":"A"}]""");
        await ReadAsync(api, "old", "A", null);
        var created = await api.CreateAsync(Foos, """{"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"new"}}""");
        Assert.Equal(("A", null), ((string?)created["a"], (string?)created["b"]));

        await DefaultAsync(
            api,
            definition,
            """[{"op":"remove","path":"PROPERTIES/a/default"},{"op":"add","path":"PROPERTIES/b/default","value":"B"}]"""
        );
        await ReadAsync(api, "new", "A", "B");
        await ReadAsync(api, "old", null, "B");
    }

    private static Task<JsonObject> DefaultAsync(TestApi api, string definition, string patch) =>
        api.JsonAsync(
            200,
            "PATCH",
            definition,
            patch.Replace("PROPERTIES", "/spec/versions/0/schema/openAPIV3Schema/properties", StringComparison.Ordinal),
            "application/json-patch+json"
        );

    private static Task<JsonObject> ReadAsync(TestApi api, string name, string? a, string? b) =>
        TestDefinitions.UntilAsync(
            api,
            $"{Foos}/{name}",
            foo => ((string?)foo["a"], (string?)foo["b"]) == (a, b),
            foo => foo.ToJsonString()
        );
}
