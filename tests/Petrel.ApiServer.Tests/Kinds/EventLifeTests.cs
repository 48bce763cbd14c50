using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>The life of one event of events.k8s.io.</summary>
public sealed class EventLifeTests
{
    private const string Events = "/apis/events.k8s.io/v1/namespaces/default/events";

    [Fact]
    public async Task An_event_is_found_by_its_reporter_gets_a_series_and_goes()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Events, Event("mine", "test-controller"));
        await api.CreateAsync(Events, Event("other", "other-controller"));
        string[] collections = ["/apis/events.k8s.io/v1/events", Events];

        foreach (var collection in collections)
        {
            Assert.Equal(["mine"], await NamesAsync(api, collection + "?labelSelector=mine%3Dtrue"));
            Assert.Equal(["mine"], await NamesAsync(api, collection + "?fieldSelector=reportingController%3Dtest-controller"));
        }
        Assert.Equal(["mine"], await NamesAsync(api, "/api/v1/namespaces/default/events?fieldSelector=source%3Dtest-controller"));

        var expected = Bare(await api.GetAsync(Events + "/mine"));
        expected["series"] = new JsonObject { ["count"] = 2, ["lastObservedTime"] = "2026-01-15T12:00:01.000000Z" };
        await api.JsonAsync(
            200,
            "PATCH",
            Events + "/mine",
            """{"series":{"count":2,"lastObservedTime":"2026-01-15T12:00:01.000000Z"}}""",
            "application/strategic-merge-patch+json"
        );
        var patched = await api.GetAsync(Events + "/mine");
        Assert.True(JsonNode.DeepEquals(expected, Bare(patched)), patched.ToJsonString());

        expected["series"]!["count"] = 100;
        patched["series"]!["count"] = 100;
        await api.JsonAsync(200, "PUT", Events + "/mine", patched.ToJsonString());
        var updated = await api.GetAsync(Events + "/mine");
        Assert.True(JsonNode.DeepEquals(expected, Bare(updated)), updated.ToJsonString());

        await api.JsonAsync(200, "DELETE", Events + "/mine");
        foreach (var collection in collections)
        {
            Assert.Equal(["other"], await NamesAsync(api, collection));
        }
    }

    private static string Event(string name, string controller) =>
        $$$"""
            {"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"{{{name}}}","labels":{"{{{name}}}":"true"}},
             "eventTime":"2026-01-15T12:00:00.000000Z","note":"This is {{{name}}}","action":"Do","reason":"Test","type":"Normal",
             "reportingController":"{{{controller}}}","reportingInstance":"test-node","regarding":{"namespace":"default"}}
            """;

    private static async Task<IReadOnlyList<string>> NamesAsync(TestApi api, string path) =>
        [.. (await api.GetAsync(path))["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!)];

    // The event without what every write changes.
    private static JsonObject Bare(JsonObject value)
    {
        var bare = value.DeepClone().AsObject();
        bare["metadata"]!.AsObject().Remove("resourceVersion");
        bare["metadata"]!.AsObject().Remove("managedFields");
        return bare;
    }
}
