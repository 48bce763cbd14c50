using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>One autoscaler, seen in autoscaling/v1 and in autoscaling/v2.</summary>
public sealed class AutoscalerVersionTests
{
    private const string V1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
    private const string V2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";

    private const string Rich = """
        {"metadata":{"name":"rich","annotations":{"kept":"yes"}},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment",
        "name":"web"},"maxReplicas":5,
        "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
        {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"64Mi"}}},
        {"type":"ContainerResource","containerResource":{"name":"cpu","container":"main","target":{"type":"Utilization",
        "averageUtilization":70}}},
        {"type":"Pods","pods":{"metric":{"name":"requests","selector":{"matchLabels":{"a":"b"}}},"target":{"type":"AverageValue",
        "averageValue":"10"}}},
        {"type":"Object","object":{"describedObject":{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","name":"main"},
        "metric":{"name":"hits"},"target":{"type":"Value","value":"2k"}}},
        {"type":"External","external":{"metric":{"name":"queue","selector":{"matchLabels":{"q":"x"}}},"target":{"type":"AverageValue",
        "averageValue":"30"}}}],
        "behavior":{"scaleDown":{"policies":[{"type":"Pods","value":1,"periodSeconds":60}]}}}}
        """;

    [Fact]
    public async Task What_v1_says_of_processors_is_a_metric_in_v2()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.CreateAsync(
            V1,
            """{"metadata":{"name":"a"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"maxReplicas":"""
                + """3,"targetCPUUtilizationPercentage":60}}"""
        );

        Assert.Equal("autoscaling/v1", (string?)created["apiVersion"]);
        Assert.Equal("""{"currentReplicas":0,"desiredReplicas":0}""", created["status"]!.ToJsonString());
        var newer = await api.GetAsync($"{V2}/a");
        Assert.Equal(
            """[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":60}}}]""",
            newer["spec"]!["metrics"]!.ToJsonString()
        );
        Assert.Equal(1, (int)newer["spec"]!["minReplicas"]!);
        Assert.Null(newer["spec"]!["targetCPUUtilizationPercentage"]);
    }

    [Fact]
    public async Task Who_asks_v1_for_nothing_gets_eighty_percent()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.CreateAsync(
            V1,
            """{"metadata":{"name":"a"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"maxReplicas":3}}"""
        );
        Assert.Equal(80, (int)created["spec"]!["targetCPUUtilizationPercentage"]!);
        Assert.Equal(80, (int)(await api.GetAsync($"{V2}/a"))["spec"]!["metrics"]![0]!["resource"]!["target"]!["averageUtilization"]!);
    }

    [Fact]
    public async Task All_that_v1_has_no_field_for_survives_a_read_and_a_write_of_it()
    {
        await using var api = await TestApi.StartAsync();
        var rich = await api.CreateAsync(V2, Rich);

        var old = await api.GetAsync($"{V1}/rich");
        Assert.Equal(50, (int)old["spec"]!["targetCPUUtilizationPercentage"]!);
        Assert.Null(old["spec"]!["metrics"]);
        Assert.Null(old["spec"]!["behavior"]);
        Assert.Equal(
            """
            [{"type":"Resource","resource":{"name":"memory","targetAverageValue":"64Mi"}},{"type":"ContainerResource",
            "containerResource":{"name":"cpu","targetAverageUtilization":70,"container":"main"}},{"type":"Pods",
            "pods":{"metricName":"requests","targetAverageValue":"10","selector":{"matchLabels":{"a":"b"}}}},{"type":"Object",
            "object":{"target":{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","name":"main"},"metricName":"hits",
            "targetValue":"2k"}},{"type":"External","external":{"metricName":"queue","metricSelector":{"matchLabels":{"q":"x"}},
            "targetAverageValue":"30"}}]
            """.ReplaceLineEndings(""),
            (string?)old["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/metrics"]
        );
        Assert.Equal(
            """{"PeriodSeconds":60,"Type":"Pods","Value":1}""",
            Sorted(
                    JsonNode.Parse((string)old["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/behavior"]!)!["ScaleDown"]![
                        "Policies"
                    ]![0]
                )!
                .ToJsonString()
        );

        old["spec"]!["maxReplicas"] = 7;
        await api.JsonAsync(200, "PUT", $"{V1}/rich", old.ToJsonString());
        var after = await api.GetAsync($"{V2}/rich");
        Assert.Equal(7, (int)after["spec"]!["maxReplicas"]!);
        Assert.Equal("""{"kept":"yes"}""", after["metadata"]!["annotations"]!.ToJsonString());
        Assert.True(JsonNode.DeepEquals(rich["spec"]!["behavior"], after["spec"]!["behavior"]), after["spec"]!.ToJsonString());
        // The use of processors comes last then, as upstream has it.
        var wanted = rich["spec"]!["metrics"]!.AsArray();
        Assert.Equal(
            Texts(new JsonArray([.. wanted.Skip(1).Append(wanted[0]).Select(m => m!.DeepClone())])),
            Texts(after["spec"]!["metrics"]!.AsArray())
        );
    }

    [Fact]
    public async Task The_status_shows_in_both()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(V2, Rich);
        await api.JsonAsync(
            200,
            "PATCH",
            $"{V2}/rich/status",
            """
            {"status":{"currentReplicas":2,"desiredReplicas":3,"conditions":[{"type":"AbleToScale","status":"True"}],
            "currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":41,"averageValue":"82m"}}}]}}
            """,
            "application/merge-patch+json"
        );

        var old = await api.GetAsync($"{V1}/rich");
        Assert.Equal(
            """{"currentCPUUtilizationPercentage":41,"currentReplicas":2,"desiredReplicas":3}""",
            Sorted(old["status"])!.ToJsonString()
        );
        Assert.Equal(
            """[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":41,"currentAverageValue":"82m"}}]""",
            (string?)old["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/current-metrics"]
        );

        old["status"]!["currentReplicas"] = 3;
        await api.JsonAsync(200, "PUT", $"{V1}/rich/status", old.ToJsonString());
        var newer = await api.GetAsync($"{V2}/rich");
        Assert.Equal(3, (int)newer["status"]!["currentReplicas"]!);
        Assert.Equal("AbleToScale", (string?)newer["status"]!["conditions"]![0]!["type"]);
        Assert.Equal("82m", (string?)newer["status"]!["currentMetrics"]![0]!["resource"]!["current"]!["averageValue"]);
    }

    [Theory]
    [InlineData("""{"maxReplicas":0,"scaleTargetRef":{"kind":"Deployment","name":"web"}}""", "spec.maxReplicas")]
    [InlineData("""{"maxReplicas":1,"minReplicas":2,"scaleTargetRef":{"kind":"Deployment","name":"web"}}""", "spec.maxReplicas")]
    [InlineData("""{"maxReplicas":1,"scaleTargetRef":{"kind":"Deployment"}}""", "spec.scaleTargetRef.name")]
    [InlineData(
        """{"maxReplicas":1,"targetCPUUtilizationPercentage":0,"scaleTargetRef":{"kind":"Deployment","name":"web"}}""",
        "spec.metrics[0].resource.target.averageUtilization"
    )]
    public async Task V1_has_the_rules_of_v2(string spec, string field)
    {
        await using var api = await TestApi.StartAsync();
        var refused = await api.JsonAsync(422, "POST", V1, $$$"""{"metadata":{"name":"a"},"spec":{{{spec}}}}""");
        Assert.Contains(refused["details"]!["causes"]!.AsArray(), c => (string?)c!["field"] == field);
    }

    [Fact]
    public async Task Both_are_discovered_and_v2_is_preferred()
    {
        await using var api = await TestApi.StartAsync();
        var group = (await api.GetAsync("/apis"))["groups"]!.AsArray().First(g => (string?)g!["name"] == "autoscaling")!;
        Assert.Equal(["v2", "v1"], group["versions"]!.AsArray().Select(v => (string?)v!["version"]));
        Assert.Equal("v2", (string?)group["preferredVersion"]!["version"]);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("[1,null,{\"type\":\"Nothing\"},{\"type\":\"Pods\"}]")]
    public async Task Annotations_that_say_nothing_are_refused_or_ignored(string annotation)
    {
        await using var api = await TestApi.StartAsync();
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "a",
                ["annotations"] = new JsonObject { ["autoscaling.alpha.kubernetes.io/metrics"] = annotation },
            },
            ["spec"] = new JsonObject
            {
                ["scaleTargetRef"] = new JsonObject { ["kind"] = "Deployment", ["name"] = "web" },
                ["maxReplicas"] = 3,
            },
        };
        var response = await api.SendAsync("POST", V1, body.ToJsonString());
        Assert.Equal(annotation[0] == '[' ? 422 : 201, response.StatusCode);
    }

    private static List<string> Texts(JsonArray items) => [.. items.Select(m => Sorted(m)!.ToJsonString())];

    private static JsonNode? Sorted(JsonNode? value) =>
        value switch
        {
            JsonObject members => new JsonObject(
                members.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, Sorted(m.Value)))
            ),
            JsonArray items => new JsonArray([.. items.Select(Sorted)]),
            _ => value?.DeepClone(),
        };
}
