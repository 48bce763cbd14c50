using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.CustomResources;

/// <summary>The life of a custom kind, after the documentation's CronTab.</summary>
public sealed class CustomResourceTests
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string CronTabs = "/apis/stable.example.com/v1/namespaces/default/crontabs";

    private const string Schema = """
        {"type":"object","properties":{
          "spec":{"type":"object","required":["cronSpec"],"properties":{
            "cronSpec":{"type":"string","pattern":"^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$","default":"5 0 * * *"},
            "image":{"type":"string","enum":["a","b"]},
            "replicas":{"type":"integer","minimum":1,"maximum":10,"default":1},
            "selector":{"type":"string"},
            "port":{"x-kubernetes-int-or-string":true},
            "steps":{"type":"array","maxItems":3,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
              "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"mode":{"type":"string",
              "default":"fast"}}}},
            "tags":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
            "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
            "note":{"type":"string","nullable":true},
            "labels":{"type":"object","additionalProperties":{"type":"string","maxLength":5}}}},
          "status":{"type":"object","properties":{"replicas":{"type":"integer"},"phase":{"type":"string"}}}}}
        """;

    private static string Definition(string more = "", string versions = "") =>
        $$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"crontabs.stable.example.com"},
             "spec":{"group":"stable.example.com","scope":"Namespaced","names":{"plural":"crontabs","singular":"crontab",
             "kind":"CronTab","shortNames":["ct"],"categories":["all"]},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{Schema}}}},
               "subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas",
               "labelSelectorPath":".spec.selector"}},
               "selectableFields":[{"jsonPath":".spec.image"}],
               "additionalPrinterColumns":[{"name":"Spec","type":"string","jsonPath":".spec.cronSpec"},{"name":"Replicas",
               "type":"integer","jsonPath":".spec.replicas"},
                 {"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]}{{{versions}}}]{{{more}}}}}
            """;

    private static async Task<TestApi> WithCronTabsAsync(string versions = "")
    {
        var api = await TestApi.StartAsync();
        await api.CreateAsync(Definitions, Definition(versions: versions));
        await EstablishedAsync(api);
        return api;
    }

    private static async Task EstablishedAsync(TestApi api)
    {
        await using var watch = await api.WatchAsync(
            Definitions + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        );
        while (await watch.NextAsync() is { } change)
        {
            if (Condition(change["object"]!, "Established") == "True")
            {
                return;
            }
        }
    }

    private static string? Condition(JsonNode definition, string type) =>
        (string?)definition["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == type)?["status"];

    private static string CronTab(string name, string spec) =>
        $$$"""{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"{{{name}}}"},"spec":{{{spec}}}}""";

    private static async Task<(string Field, string Message)[]> CausesAsync(TestApi api, string spec)
    {
        var status = await api.JsonAsync(422, "POST", CronTabs, CronTab("bad", spec));
        return [.. status["details"]!["causes"]!.AsArray().Select(c => ((string)c!["field"]!, (string)c["message"]!))];
    }

    [Fact]
    public async Task An_established_kind_is_served_with_its_defaults()
    {
        await using var api = await WithCronTabsAsync();

        var created = await api.CreateAsync(CronTabs, CronTab("a", """{"steps":[{"name":"one"}]}"""));

        Assert.Equal("""{"steps":[{"name":"one","mode":"fast"}],"cronSpec":"5 0 * * *","replicas":1}""", created["spec"]!.ToJsonString());
        Assert.Equal(1, (int?)created["metadata"]!["generation"]);
        var list = await api.GetAsync("/apis/stable.example.com/v1/crontabs");
        Assert.Equal("CronTabList", (string?)list["kind"]);
        Assert.Single(list["items"]!.AsArray());
    }

    [Fact]
    public async Task Discovery_and_OpenApi_follow()
    {
        await using var api = await WithCronTabsAsync();

        var resources = await api.GetAsync("/apis/stable.example.com/v1");
        Assert.Equal(["crontabs", "crontabs/scale", "crontabs/status"], resources["resources"]!.AsArray().Select(r => (string?)r!["name"]));
        var document = await api.GetAsync("/openapi/v3/apis/stable.example.com/v1");
        var schema = document["components"]!["schemas"]!["com.example.stable.v1.CronTab"]!;
        Assert.Equal("integer", (string?)schema["properties"]!["spec"]!["properties"]!["replicas"]!["type"]);
        Assert.Equal("CronTab", (string?)schema["x-kubernetes-group-version-kind"]![0]!["kind"]);
        var swagger = await api.GetAsync("/openapi/v2");
        Assert.NotNull(swagger["definitions"]!["com.example.stable.v1.CronTab"]);
    }

    [Theory]
    [InlineData("""{"cronSpec":"nonsense"}""", "spec.cronSpec", "should match")]
    [InlineData("""{"replicas":"three"}""", "spec.replicas", "must be of type integer: \"string\"")]
    [InlineData("""{"replicas":11}""", "spec.replicas", "spec.replicas in body should be less than or equal to 10")]
    [InlineData("""{"replicas":0}""", "spec.replicas", "should be greater than or equal to 1")]
    [InlineData("""{"replicas":1.5}""", "spec.replicas", "must be of type integer: \"number\"")]
    [InlineData("""{"image":"c"}""", "spec.image", "Unsupported value: \"c\": supported values: \"a\", \"b\"")]
    [InlineData("""{"port":[]}""", "spec.port", "must be of type integer,string")]
    [InlineData("""{"steps":[{"mode":"x"}]}""", "spec.steps[0].name", "Required value")]
    [InlineData("""{"steps":[{"name":"a"},{"name":"a"}]}""", "spec.steps[1]", "Duplicate value")]
    [InlineData(
        """{"steps":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}]}""",
        "spec.steps",
        "Too many: 4: must have at most 3 items"
    )]
    [InlineData("""{"tags":["x","x"]}""", "spec.tags[1]", "Duplicate value: \"x\"")]
    [InlineData("""{"labels":{"a":"toolong"}}""", "spec.labels.a", "Too long")]
    public async Task What_the_schema_forbids_is_refused_by_field(string spec, string field, string message)
    {
        await using var api = await WithCronTabsAsync();

        var cause = Assert.Single(await CausesAsync(api, spec));

        Assert.Equal(field, cause.Field);
        Assert.Contains(message, cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_fields_are_pruned_and_reported_as_asked()
    {
        await using var api = await WithCronTabsAsync();
        var body = CronTab(
            "a",
            """{"cronSpec":"* * * * *","randomField":1,"free":{"x":{"y":[1]}},"note":null,"steps":[{"name":"a","odd":1}]}"""
        );

        var strict = await api.JsonAsync(400, "POST", CronTabs + "?fieldValidation=Strict", body);
        var created = await api.CreateAsync(CronTabs, body);

        Assert.Contains(
            "unknown field \"spec.randomField\", unknown field \"spec.steps[0].odd\"",
            (string?)strict["message"],
            StringComparison.Ordinal
        );
        Assert.Null(created["spec"]!["randomField"]);
        Assert.Equal("""{"x":{"y":[1]}}""", created["spec"]!["free"]!.ToJsonString());
    }

    [Fact]
    public async Task Status_and_scale_are_subresources()
    {
        await using var api = await WithCronTabsAsync();
        await api.CreateAsync(CronTabs, CronTab("a", """{"selector":"app=x"}"""));

        var ignored = await api.JsonAsync(200, "PATCH", CronTabs + "/a", """{"status":{"phase":"x"}}""", "application/merge-patch+json");
        Assert.Null(ignored["status"]);
        var status = await api.JsonAsync(
            200,
            "PATCH",
            CronTabs + "/a/status",
            """{"spec":{"replicas":9},"status":{"replicas":4}}""",
            "application/merge-patch+json"
        );
        Assert.Equal(4, (int?)status["status"]!["replicas"]);
        Assert.Equal(1, (int?)status["spec"]!["replicas"]);
        Assert.Equal(1, (int?)status["metadata"]!["generation"]);

        var scale = await api.GetAsync(CronTabs + "/a/scale");
        Assert.Equal("""{"replicas":4,"selector":"app=x"}""", scale["status"]!.ToJsonString());
        await api.JsonAsync(200, "PATCH", CronTabs + "/a/scale", """{"spec":{"replicas":7}}""", "application/merge-patch+json");
        var scaled = await api.GetAsync(CronTabs + "/a");
        Assert.Equal(7, (int?)scaled["spec"]!["replicas"]);
        Assert.Equal(2, (int?)scaled["metadata"]!["generation"]);
    }

    [Fact]
    public async Task Tables_show_the_definitions_columns_and_selectors_its_fields()
    {
        await using var api = await WithCronTabsAsync();
        await api.CreateAsync(CronTabs, CronTab("a", """{"image":"a"}"""));
        await api.CreateAsync(CronTabs, CronTab("b", """{"image":"b","replicas":3}"""));

        var table = await api.JsonAsync(
            200,
            "GET",
            CronTabs + "?fieldSelector=spec.image%3Db",
            accept: "application/json;as=Table;v=v1;g=meta.k8s.io"
        );

        Assert.Equal(["Name", "Spec", "Replicas", "Age"], table["columnDefinitions"]!.AsArray().Select(c => (string?)c!["name"]));
        Assert.Equal("""["b","5 0 * * *",3,"0s"]""", Assert.Single(table["rows"]!.AsArray())!["cells"]!.ToJsonString());
        await api.JsonAsync(400, "GET", CronTabs + "?fieldSelector=spec.cronSpec%3Db");
    }

    [Fact]
    public async Task Patches_and_applies_work_and_strategic_merge_does_not()
    {
        await using var api = await WithCronTabsAsync();
        await api.JsonAsync(
            201,
            "PATCH",
            CronTabs + "/a?fieldManager=one",
            CronTab("a", """{"steps":[{"name":"x"}]}"""),
            "application/apply-patch+yaml"
        );
        var both = await api.JsonAsync(
            200,
            "PATCH",
            CronTabs + "/a?fieldManager=two",
            CronTab("a", """{"steps":[{"name":"y"}]}"""),
            "application/apply-patch+yaml"
        );
        Assert.Equal(["x", "y"], both["spec"]!["steps"]!.AsArray().Select(s => (string?)s!["name"]));

        await api.JsonAsync(
            200,
            "PATCH",
            CronTabs + "/a",
            """[{"op":"replace","path":"/spec/replicas","value":2}]""",
            "application/json-patch+json"
        );
        var refused = await api.JsonAsync(415, "PATCH", CronTabs + "/a", "{}", "application/strategic-merge-patch+json");
        Assert.DoesNotContain("strategic", (string?)refused["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Versions_differ_in_name_and_share_their_objects()
    {
        await using var api = await WithCronTabsAsync(
            $$$""",{"name":"v1beta1","served":true,"storage":false,"deprecated":true,"schema":{"openAPIV3Schema":{{{Schema}}} } }"""
        );
        const string Beta = "/apis/stable.example.com/v1beta1/namespaces/default/crontabs";
        await using var watch = await api.WatchAsync(Beta + "?watch=1");

        var created = await api.CreateAsync(
            Beta,
            CronTab("a", "{}").Replace("example.com/v1", "example.com/v1beta1", StringComparison.Ordinal)
        );
        Assert.Equal("stable.example.com/v1beta1", (string?)created["apiVersion"]);
        Assert.Equal("stable.example.com/v1", (string?)(await api.GetAsync(CronTabs + "/a"))["apiVersion"]);
        Assert.Equal("stable.example.com/v1beta1", (string?)(await watch.NextAsync())!["object"]!["apiVersion"]);
        var list = await api.SendAsync("GET", Beta);
        Assert.Contains(list.Headers, h =>
            h.Key == "Warning" && h.Value.Contains("stable.example.com/v1beta1 CronTab is deprecated", StringComparison.Ordinal)
        );

        var group = await api.GetAsync("/apis/stable.example.com");
        Assert.Equal("v1", (string?)group["preferredVersion"]!["version"]);
    }

    [Fact]
    public async Task A_deleted_definition_takes_its_objects_along_and_waits_for_their_finalizers()
    {
        await using var api = await WithCronTabsAsync();
        await api.CreateAsync(CronTabs, CronTab("a", "{}"));
        await api.CreateAsync(
            CronTabs,
            CronTab("held", "{}")
                .Replace("\"name\":\"held\"", "\"name\":\"held\",\"finalizers\":[\"example.com/x\"]", StringComparison.Ordinal)
        );
        await using var watch = await api.WatchAsync(Definitions + "?watch=1");
        await using var objects = await api.WatchAsync(CronTabs + "?watch=1");

        var deleted = await api.JsonAsync(200, "DELETE", Definitions + "/crontabs.stable.example.com");
        Assert.Contains(
            "customresourcecleanup.apiextensions.k8s.io",
            deleted["metadata"]!["finalizers"]!.AsArray().Select(f => (string?)f)
        );
        while (
            (await objects.NextAsync())!.ToJsonString() is var change
            && !(change.Contains("held", StringComparison.Ordinal) && change.Contains("deletionTimestamp", StringComparison.Ordinal))
        ) { }
        await api.JsonAsync(200, "PATCH", CronTabs + "/held", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");

        while ((string?)(await watch.NextAsync())!["type"] != "DELETED") { }
        // The watch of its objects ends, and the path is gone.
        while (await objects.NextAsync() is not null) { }
        await api.JsonAsync(404, "GET", CronTabs);
    }

    [Fact]
    public async Task A_changed_schema_counts_at_once()
    {
        await using var api = await WithCronTabsAsync();
        await api.CreateAsync(CronTabs, CronTab("a", """{"image":"a"}"""));
        var definition = await api.GetAsync(Definitions + "/crontabs.stable.example.com");
        var properties = definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!;
        properties["added"] = new JsonObject { ["type"] = "string", ["default"] = "new" };
        await api.JsonAsync(200, "PUT", Definitions + "/crontabs.stable.example.com", definition.ToJsonString());

        var deadline = TimeProvider.System.GetUtcNow() + TestApi.Patience;
        JsonObject read;
        do
        {
            read = await api.GetAsync(CronTabs + "/a");
        } while (read["spec"]!["added"] is null && TimeProvider.System.GetUtcNow() < deadline);
        Assert.Equal("new", (string?)read["spec"]!["added"]);
    }

    [Fact]
    public async Task Definitions_are_served_again_after_a_restart()
    {
        var first = await WithCronTabsAsync();
        await first.CreateAsync(CronTabs, CronTab("a", "{}"));
        first.KeepStore();
        await first.DisposeAsync();

        await using var second = await TestApi.StartAsync(store: first.Store);
        Assert.Equal("a", (string?)(await second.GetAsync(CronTabs + "/a"))["metadata"]!["name"]);
    }

    [Theory]
    [InlineData(
        "\"type\":\"object\",\"properties\":{\"a\":{}}",
        "schema.openAPIV3Schema.properties[a].type",
        "must not be empty for specified object fields"
    )]
    [InlineData("\"type\":\"string\"", "schema.openAPIV3Schema.type", "must be object at the root")]
    [InlineData(
        "\"type\":\"object\",\"x-kubernetes-validations\":[{\"rule\":\"true\"}]",
        "schema.openAPIV3Schema.x-kubernetes-validations",
        "not evaluated by this server"
    )]
    [InlineData(
        "\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"pattern\":\"(\"}}",
        "schema.openAPIV3Schema.properties[a].pattern",
        "valid regular expression"
    )]
    [InlineData(
        "\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\"}}",
        "schema.openAPIV3Schema.properties[a].items",
        "must be specified"
    )]
    [InlineData(
        "\"type\":\"object\",\"anyOf\":[{\"type\":\"object\"}]",
        "schema.openAPIV3Schema.anyOf[0].type",
        "must be empty to be structural"
    )]
    [InlineData(
        "\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"object\"},"
            + "\"x-kubernetes-list-type\":\"map\"}}",
        "schema.openAPIV3Schema.properties[a].x-kubernetes-list-map-keys",
        "must not be empty"
    )]
    public async Task A_schema_that_is_not_structural_is_refused(string schema, string field, string message)
    {
        await using var api = await TestApi.StartAsync();
        var body = Definition().Replace(Schema, $"{{{schema}}}", StringComparison.Ordinal);

        var status = await api.JsonAsync(422, "POST", Definitions, body);

        var causes = status["details"]!["causes"]!.AsArray();
        Assert.Contains(causes, c =>
            (string?)c!["field"] == $"spec.versions[0].{field}" && ((string)c["message"]!).Contains(message, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_conversion_webhook_is_refused_rather_than_ignored()
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(
            422,
            "POST",
            Definitions,
            Definition(""","conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"]}}""")
        );

        Assert.Contains("spec.conversion.strategy", (string?)status["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_definition_keeps_its_names()
    {
        await using var api = await WithCronTabsAsync();
        var rival = Definition()
            .Replace("crontabs.stable", "tabs.stable", StringComparison.Ordinal)
            .Replace("\"plural\":\"crontabs\"", "\"plural\":\"tabs\"", StringComparison.Ordinal);
        await using var watch = await api.WatchAsync(Definitions + "?watch=1");
        await api.CreateAsync(Definitions, rival);

        while (await watch.NextAsync() is { } change)
        {
            if (
                (string?)change["object"]!["metadata"]!["name"] == "tabs.stable.example.com"
                && Condition(change["object"]!, "NamesAccepted") is { } accepted
            )
            {
                Assert.Equal("False", accepted);
                Assert.Equal("False", Condition(change["object"]!, "Established"));
                break;
            }
        }
        await api.JsonAsync(404, "GET", "/apis/stable.example.com/v1/tabs");
    }
}
