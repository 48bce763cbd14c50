using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Admission;

public sealed class LimitRangerTests
{
    private const string Core = "/api/v1/namespaces/default";

    [Fact]
    public async Task Containers_get_the_defaults_that_they_do_not_set_and_a_note_of_it()
    {
        await using var api = await TestApi.StartAsync();
        await SetAsync(api, """{"type":"Container","default":{"cpu":"1","memory":"512Mi"},"defaultRequest":{"cpu":"500m"}}""");

        var pod = await api.CreateAsync(
            Core + "/pods",
            """
            {"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"i","image":"i","resources":{"limits":{"cpu":"2"}}}],
             "containers":[{"name":"a","image":"i"},{"name":"b","image":"i","resources":{"limits":{"cpu":"2","memory":"1Gi"}}}]}}
            """
        );

        var containers = pod["spec"]!["containers"]!;
        Assert.Equal(
            """{"requests":{"cpu":"500m","memory":"512Mi"},"limits":{"cpu":"1","memory":"512Mi"}}""",
            containers[0]!["resources"]!.ToJsonString()
        );
        Assert.Equal("2", (string?)containers[1]!["resources"]!["requests"]!["cpu"]);
        Assert.Equal(
            "LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a; "
                + "memory request for init container i; memory limit for init container i",
            (string?)pod["metadata"]!["annotations"]!["kubernetes.io/limit-ranger"]
        );
        Assert.Equal("Burstable", (string?)pod["status"]!["qosClass"]);
    }

    [Theory]
    [InlineData(
        """{"type":"Container","min":{"memory":"1Gi"},"defaultRequest":{"memory":"2Gi"}}""",
        "\"requests\":{\"memory\":\"1Mi\"}",
        "minimum memory usage per Container is 1Gi, but request is 1Mi"
    )]
    [InlineData(
        """{"type":"Container","max":{"cpu":"1"}}""",
        "\"limits\":{\"cpu\":\"2\"}",
        "maximum cpu usage per Container is 1, but limit is 2"
    )]
    [InlineData("""{"type":"Pod","min":{"cpu":"1"}}""", "", "minimum cpu usage per Pod is 1.  No request is specified")]
    [InlineData(
        """{"type":"Pod","max":{"cpu":"1"}}""",
        "\"requests\":{\"cpu\":\"10m\"}",
        "maximum cpu usage per Pod is 1.  No limit is specified"
    )]
    [InlineData("""{"type":"Pod","max":{"cpu":"3"}}""", "\"limits\":{\"cpu\":\"2\"}", "maximum cpu usage per Pod is 3, but limit is 4")]
    [InlineData(
        """{"type":"Container","maxLimitRequestRatio":{"memory":"1500m"}}""",
        "\"limits\":{\"memory\":\"200\"},\"requests\":{\"memory\":\"100\"}",
        "memory max limit to request ratio per Container is 1500m, but provided ratio is 2.000000"
    )]
    [InlineData(
        """{"type":"Pod","maxLimitRequestRatio":{"cpu":"2"}}""",
        "\"limits\":{\"memory\":\"200\"}",
        "cpu max limit to request ratio per Pod is 2, but no request is specified or request is 0"
    )]
    public async Task A_pod_beyond_the_limits_is_refused_in_upstreams_words(string limit, string resources, string message)
    {
        await using var api = await TestApi.StartAsync();
        await SetAsync(api, limit);
        var container = $$$"""{"name":"NAME","image":"i","resources":{ {{{resources}}} } }""";

        var refusal = await api.JsonAsync(
            403,
            "POST",
            Core + "/pods",
            $$$"""{"metadata":{"name":"p"},"spec":{"containers":[{{{container.Replace("NAME", "a", StringComparison.Ordinal)}}},"""
                + $$$"""{{{container.Replace("NAME", "b", StringComparison.Ordinal)}}}]}}"""
        );

        Assert.Equal($"pods \"p\" is forbidden: {message}", (string?)refusal["message"]);
    }

    [Fact]
    public async Task A_claim_is_bounded_when_it_is_created_and_when_it_grows()
    {
        await using var api = await TestApi.StartAsync();
        await SetAsync(api, """{"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"2Gi"}}""");

        var small = await api.JsonAsync(403, "POST", Core + "/persistentvolumeclaims", Claim("1Mi"));
        var large = await api.JsonAsync(403, "POST", Core + "/persistentvolumeclaims", Claim("3Gi"));
        await api.CreateAsync(Core + "/persistentvolumeclaims", Claim("2Gi"));

        Assert.Equal(
            "persistentvolumeclaims \"c\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi",
            (string?)small["message"]
        );
        Assert.Equal(
            "persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi",
            (string?)large["message"]
        );
    }

    private static Task<JsonObject> SetAsync(TestApi api, string limit) =>
        api.CreateAsync(Core + "/limitranges", $$$"""{"metadata":{"name":"l"},"spec":{"limits":[{{{limit}}}]}}""");

    private static string Claim(string storage) =>
        $$$"""{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"{{{storage}}}"} } } }""";
}
