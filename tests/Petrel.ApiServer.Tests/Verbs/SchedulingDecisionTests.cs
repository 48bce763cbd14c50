using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Subresources;
using Petrel.Model;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Verbs;

/// <summary>GET of pods/NAME/schedulingdecision.</summary>
public sealed class SchedulingDecisionTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Pod = """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""";

    [Fact]
    public async Task What_the_scheduler_recorded_about_the_pod_of_this_uid_is_answered()
    {
        var decisions = new Recorded();
        await using var api = await TestApi.StartAsync(decisions: decisions);
        var uid = (string)(await api.CreateAsync(Pods, Pod))["metadata"]!["uid"]!;
        decisions.Uid = uid;
        var answer = await api.GetAsync(Pods + "/p/schedulingdecision");
        Assert.Equal(("scheduling.petrel.dev/v1", "SchedulingDecision"), ((string?)answer["apiVersion"], (string?)answer["kind"]));
        Assert.Equal(
            ("p", "default", uid),
            ((string?)answer["metadata"]!["name"], (string?)answer["metadata"]!["namespace"], (string?)answer["metadata"]!["uid"])
        );
        Assert.Equal(3L, (long)answer["attempts"]!);
        await api.JsonAsync(405, "DELETE", Pods + "/p/schedulingdecision");
        await api.JsonAsync(405, "PUT", Pods + "/p/schedulingdecision", "{}");
    }

    [Theory]
    [InlineData("", "NotScheduledYet", "the scheduler has not looked at it yet")]
    [InlineData(",\"schedulerName\":\"mine\"", "OtherScheduler", "it is scheduled by \"mine\", which keeps its reasons to itself")]
    [InlineData(",\"schedulingGates\":[{\"name\":\"a.b/c\"}]", "SchedulingGated", "it is not scheduled before its gates are gone: a.b/c")]
    [InlineData(",\"nodeName\":\"n1\"", "BoundByName", "its spec.nodeName said n1 from the start: no scheduler chose it")]
    public async Task Without_a_record_the_answer_says_why(string more, string reason, string message)
    {
        await using var api = await TestApi.StartAsync(decisions: new Recorded());
        await api.CreateAsync(Pods, Pod.Replace("}]}}", $"}}]{more}}}}}", StringComparison.Ordinal));
        var status = await api.JsonAsync(404, "GET", Pods + "/p/schedulingdecision");
        Assert.Equal($"there is no scheduling decision about pod \"p\": {message}", (string?)status["message"]);
        Assert.Equal(reason, (string?)status["details"]!["causes"]![0]!["reason"]);
    }

    [Fact]
    public async Task A_decision_that_is_no_longer_kept_is_told_from_one_that_never_was()
    {
        await using var api = await TestApi.StartAsync(decisions: new Recorded());
        await api.CreateAsync(Pods, Pod);
        await api.JsonAsync(201, "POST", Pods + "/p/binding", """{"target":{"kind":"Node","name":"n1"}}""");
        var status = await api.JsonAsync(404, "GET", Pods + "/p/schedulingdecision");
        Assert.Equal("NotKept", (string?)status["details"]!["causes"]![0]!["reason"]);
        Assert.Contains("the last 7 pods", (string?)status["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_pod_or_a_scheduler_the_answer_says_so()
    {
        await using var api = await TestApi.StartAsync();
        Assert.Equal("pods \"p\" not found", (string?)(await api.JsonAsync(404, "GET", Pods + "/p/schedulingdecision"))["message"]);
        await api.CreateAsync(Pods, Pod);
        Assert.Contains(
            "no scheduler runs in this server's process",
            (string?)(await api.JsonAsync(404, "GET", Pods + "/p/schedulingdecision"))["message"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Reading_it_is_a_right_of_its_own_that_viewers_have()
    {
        await using var api = await TestApi.StartAsync(new() { KeepDefaultRoles = true }, decisions: new Recorded());
        await api.CreateAsync(Pods, Pod);
        var viewer = new UserInfo("ann", ["system:authenticated"]);
        Assert.Equal(403, (await api.SendAsync("GET", Pods + "/p/schedulingdecision", user: viewer)).StatusCode);
        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
            """{"metadata":{"name":"ann"},"roleRef":"""
                + """{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":["""
                + """{"kind":"User","name":"ann","apiGroup":"rbac.authorization.k8s.io"}]}"""
        );
        Assert.Equal(404, (await api.SendAsync("GET", Pods + "/p/schedulingdecision", user: viewer)).StatusCode);
    }

    private sealed class Recorded : ISchedulingDecisions
    {
        public string Uid { get; set; } = "none";
        public IReadOnlyCollection<string> SchedulerNames => ["default-scheduler"];
        public int Kept => 7;

        public JsonObject? Find(ObjectKey pod, string uid) =>
            uid == Uid && pod == new ObjectKey("default", "p") ? new JsonObject { ["attempts"] = 3 } : null;
    }
}
