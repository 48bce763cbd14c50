using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Admission.PodSecurity;

public sealed class PodSecurityAdmissionTests
{
    private const string Pods = "/api/v1/namespaces/team/pods";
    private const string Namespace = "/api/v1/namespaces/team";
    private const string Merge = "application/merge-patch+json";

    [Fact]
    public async Task A_pod_beyond_the_enforced_level_is_refused_with_all_reasons()
    {
        await using var api = await StartAsync("\"pod-security.kubernetes.io/enforce\":\"baseline\"");

        var refused = await api.JsonAsync(403, "POST", Pods, Pod("bad", "\"hostNetwork\":true,"));
        await api.CreateAsync(Pods, Pod("good"));

        Assert.Equal(
            "pods \"bad\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)",
            (string?)refused["message"]
        );
    }

    [Fact]
    public async Task A_pod_beyond_the_warned_level_is_created_with_a_warning()
    {
        await using var api = await StartAsync(
            "\"pod-security.kubernetes.io/enforce\":\"baseline\",\"pod-security.kubernetes.io/warn\":\"restricted\""
        );

        var response = await api.SendAsync("POST", Pods, Pod("plain"));

        Assert.Equal(201, response.StatusCode);
        Assert.Contains(
            "would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"c\" must set "
                + "securityContext.allowPrivilegeEscalation=false)",
            Assert.Single(response.Warnings()),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_workload_is_never_refused_but_its_author_is_warned_of_what_its_pods_will_meet()
    {
        await using var api = await StartAsync("\"pod-security.kubernetes.io/enforce\":\"baseline\"");
        var template =
            """{"metadata":{"labels":{"a":"b"}},"spec":{"hostPID":true,"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}""";
        var always = template.Replace("Never", "Always", StringComparison.Ordinal);
        var selector = "\"selector\":{\"matchLabels\":{\"a\":\"b\"}}";

        foreach (
            var (path, spec) in new[]
            {
                ("/apis/apps/v1/namespaces/team/deployments", $"{{{selector},\"template\":{always}}}"),
                ("/apis/apps/v1/namespaces/team/daemonsets", $"{{{selector},\"template\":{always}}}"),
                ("/apis/batch/v1/namespaces/team/jobs", $"{{\"template\":{template}}}"),
                (
                    "/apis/batch/v1/namespaces/team/cronjobs",
                    $"{{\"schedule\":\"* * * * *\",\"jobTemplate\":{{\"spec\":{{\"template\":{template}}}}}}}"
                ),
            }
        )
        {
            var response = await api.SendAsync("POST", path, $$"""{"metadata":{"name":"w"},"spec":{{spec}}}""");

            Assert.True(response.StatusCode == 201, response.BodyText);
            Assert.Equal(
                "would violate PodSecurity \"baseline:latest\": host namespaces (hostPID=true)",
                Assert.Single(response.Warnings())
            );
        }
    }

    [Fact]
    public async Task Only_changes_that_matter_are_held_against_the_level()
    {
        await using var api = await StartAsync("");
        await api.CreateAsync(Pods, Pod("old", "\"hostNetwork\":true,"));
        await api.JsonAsync(
            200,
            "PATCH",
            Namespace,
            """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}""",
            Merge
        );

        await api.JsonAsync(200, "PATCH", Pods + "/old", """{"metadata":{"labels":{"new":"label"}}}""", Merge);
        await api.JsonAsync(200, "PATCH", Pods + "/old/status", """{"status":{"phase":"Running"}}""", Merge);
        var image = await api.JsonAsync(
            403,
            "PATCH",
            Pods + "/old",
            """{"spec":{"containers":[{"name":"c","image":"other"}]}}""",
            "application/strategic-merge-patch+json"
        );

        Assert.StartsWith(
            "pods \"old\" is forbidden: violates PodSecurity \"baseline:latest\"",
            (string?)image["message"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Making_a_namespace_stricter_warns_of_the_pods_that_are_there()
    {
        await using var api = await StartAsync("");
        await api.CreateAsync(Pods, Pod("a"));
        await api.CreateAsync(Pods, Pod("b", "\"hostNetwork\":true,"));
        await api.CreateAsync(Pods, Pod("c", "\"hostNetwork\":true,"));
        await api.GetAsync(Pods); // The caches are up to date.

        var baseline = await api.SendAsync(
            "PATCH",
            Namespace,
            """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}""",
            Merge
        );
        var again = await api.SendAsync("PATCH", Namespace, """{"metadata":{"labels":{"x":"y"}}}""", Merge);
        var relaxed = await api.SendAsync(
            "PATCH",
            Namespace,
            """{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}""",
            Merge
        );

        Assert.Equal(
            [
                "existing pods in namespace \"team\" violate the new PodSecurity enforce level \"baseline:latest\"",
                "b (and 1 other pod): host namespaces",
            ],
            baseline.Warnings()
        );
        Assert.Empty(again.Warnings());
        Assert.Empty(relaxed.Warnings());
    }

    [Fact]
    public async Task A_namespace_with_a_level_that_is_none_is_refused()
    {
        await using var api = await StartAsync("");

        var created = await api.JsonAsync(
            422,
            "POST",
            "/api/v1/namespaces",
            """{"metadata":{"name":"n","labels":{"pod-security.kubernetes.io/enforce":"tight"}}}"""
        );
        await api.JsonAsync(422, "PATCH", Namespace, """{"metadata":{"labels":{"pod-security.kubernetes.io/warn-version":"2"}}}""", Merge);

        Assert.Equal(
            "Namespace \"n\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"tight\": must "
                + "be one of privileged, baseline, restricted",
            (string?)created["message"]
        );
    }

    private static async Task<TestApi> StartAsync(string labels)
    {
        var api = await TestApi.StartAsync();
        await api.CreateAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"team","labels":{ {{{labels}}} } } }""");
        return api;
    }

    private static string Pod(string name, string spec = "") =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{ {{{spec}}} "containers":[{"name":"c","image":"i"}]}}""";
}
