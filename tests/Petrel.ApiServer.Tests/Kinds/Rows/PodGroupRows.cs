using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Kinds.Rows;

/// <summary>scheduling.petrel.dev/v1 PodGroup, and what it gives to its pods.</summary>
public sealed class PodGroupRows
{
    private const string Group =
        "{'apiVersion':'scheduling.petrel.dev/v1','kind':'PodGroup','metadata':{'name':'train','namespace':'default'},"
        + "'spec':{'minMember':4}}";

    [Fact]
    public void A_timeout_is_filled_in_and_the_status_begins_at_pending() =>
        Rows.CheckDefaults("{'spec':{'scheduleTimeoutSeconds':60},'status':{'phase':'Pending'}}", Group);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{'scheduleTimeoutSeconds':5,'priorityClassName':'high'}", "")]
    [InlineData("{'minMember':null}", "spec.minMember: Required value: how many pods are of use together")]
    [InlineData("{'minMember':0}", "spec.minMember: Invalid value: 0: must be greater than 0")]
    [InlineData("{'scheduleTimeoutSeconds':0}", "spec.scheduleTimeoutSeconds: Invalid value: 0: must be greater than 0")]
    [InlineData("{'priorityClassName':'High'}", "spec.priorityClassName: Invalid value: \"High\": a lowercase RFC 1123 subdomain ...")]
    public void Numbers_are_positive(string change, string expected) => Rows.Check(expected, Group, $"{{'spec':{change}}}");

    [Fact]
    public void A_row_tells_how_far_the_group_is() =>
        Rows.CheckRow(
            "train | Scheduled | 4 | 5 | 4 | 5m12s [3]",
            Group,
            "{'status':{'phase':'Scheduled','members':5,'scheduled':4,'running':3}}"
        );

    [Fact]
    public async Task It_is_created_read_changed_and_deleted_like_any_other_kind() => await Rows.CheckRoundTripAsync(Group);

    [Fact]
    public async Task Its_status_is_a_subresource_with_conditions_that_merge_by_type()
    {
        await using var api = await TestApi.StartAsync();
        const string collection = "/apis/scheduling.petrel.dev/v1/namespaces/default/podgroups";
        await api.CreateAsync(collection, Group.Replace('\'', '"'));
        const string first =
            """{"status":{"phase":"Scheduled","scheduled":4,"conditions":["""
            + """{"type":"Scheduled","status":"True","reason":"A","message":"","lastTransitionTime":"2026-11-23T11:54:48Z"}]}}""";
        await api.JsonAsync(200, "PATCH", $"{collection}/train/status", first, "application/strategic-merge-patch+json");
        var changed = await api.JsonAsync(
            200,
            "PATCH",
            $"{collection}/train/status",
            """{"status":{"conditions":[{"type":"Scheduled","reason":"B"}]}}""",
            "application/strategic-merge-patch+json"
        );
        Assert.Equal("Scheduled", (string?)changed["status"]!["phase"]);
        var condition = Assert.Single(changed["status"]!["conditions"]!.AsArray())!;
        Assert.Equal(("True", "B"), ((string?)condition["status"], (string?)condition["reason"]));

        // A write to the object leaves its status alone.
        var spec = await api.JsonAsync(
            200,
            "PATCH",
            $"{collection}/train",
            """{"spec":{"minMember":2},"status":{"phase":"X"}}""",
            "application/merge-patch+json"
        );
        Assert.Equal(("Scheduled", 2L), ((string?)spec["status"]!["phase"], (long)spec["metadata"]!["generation"]!));
    }

    [Fact]
    public async Task Pods_without_a_class_of_their_own_have_that_of_their_group()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(
            "/apis/scheduling.k8s.io/v1/priorityclasses",
            """{"metadata":{"name":"high"},"value":1000,"preemptionPolicy":"Never"}"""
        );
        await api.CreateAsync(
            "/apis/scheduling.petrel.dev/v1/namespaces/default/podgroups",
            """{"metadata":{"name":"train"},"spec":{"minMember":2,"priorityClassName":"high"}}"""
        );
        const string pods = "/api/v1/namespaces/default/pods";
        static string Pod(string name, string more) =>
            (
                """{"metadata":{"name":"NAME","labels":{"scheduling.petrel.dev/pod-group":"train"}},"spec":{"containers":["""
                + """{"name":"c","image":"i"}]MORE}}"""
            )
                .Replace("NAME", name, StringComparison.Ordinal)
                .Replace("MORE", more, StringComparison.Ordinal);
        var plain = await api.CreateAsync(pods, Pod("plain", ""));
        Assert.Equal(
            ("high", 1000L, "Never"),
            ((string?)plain["spec"]!["priorityClassName"], (long)plain["spec"]!["priority"]!, (string?)plain["spec"]!["preemptionPolicy"])
        );
        var own = await api.CreateAsync(pods, Pod("own", ",\"priorityClassName\":\"system-node-critical\""));
        Assert.Equal(2000001000L, (long)own["spec"]!["priority"]!);
        var early = await api.CreateAsync(pods, Pod("other", "").Replace("train", "unknown", StringComparison.Ordinal));
        Assert.Equal(0L, (long)early["spec"]!["priority"]!);
    }
}
