using CsCheck;
using k8s.Models;

namespace Petrel.Workloads.Tests;

public sealed class TolerationTests
{
    // The table of upstream's TestTolerationToleratesTaint, with the comparison operators switched off.
    [Theory]
    [InlineData("key", "Exists", "", "", "key", "v", "NoSchedule", true)]
    [InlineData("key", "Exists", "", "NoSchedule", "key", "v", "NoSchedule", true)]
    [InlineData("key", "Exists", "", "NoExecute", "key", "v", "NoSchedule", false)]
    [InlineData("other", "Exists", "", "", "key", "v", "NoSchedule", false)]
    [InlineData("key", "Equal", "v", "", "key", "v", "NoExecute", true)]
    [InlineData("key", "Equal", "w", "", "key", "v", "NoExecute", false)]
    [InlineData("key", null, "v", "", "key", "v", "NoExecute", true)]
    [InlineData("key", "", "v", null, "key", "v", "PreferNoSchedule", true)]
    [InlineData("key", "", "", null, "key", null, "NoSchedule", true)]
    [InlineData("key", "", null, null, "key", "", "NoSchedule", true)]
    [InlineData("", "Exists", "", "", "key", "v", "NoSchedule", true)]
    [InlineData(null, "Exists", null, null, "key", "v", "NoExecute", true)]
    [InlineData("", "Exists", "", "NoExecute", "key", "v", "NoSchedule", false)]
    [InlineData("", "Equal", "v", "", "key", "v", "NoSchedule", false)]
    [InlineData("key", "Gt", "1", "", "key", "5", "NoSchedule", false)]
    [InlineData("key", "Lt", "9", "", "key", "5", "NoSchedule", false)]
    [InlineData("key", "Gt", "5", "", "key", "5", "NoSchedule", false)]
    [InlineData("key", "equal", "v", "", "key", "v", "NoSchedule", false)]
    [InlineData("key", "Unknown", "v", "", "key", "v", "NoSchedule", false)]
    public void A_toleration_matches_by_effect_key_and_operator(
        string? key,
        string? op,
        string? value,
        string? effect,
        string taintKey,
        string? taintValue,
        string taintEffect,
        bool matches
    )
    {
        var toleration = new V1Toleration
        {
            Key = key,
            OperatorProperty = op,
            Value = value,
            Effect = effect,
        };
        Assert.Equal(matches, toleration.Tolerates(Taint(taintKey, taintEffect, taintValue)));
    }

    [Theory]
    [InlineData("NoSchedule", false, true)]
    [InlineData("NoExecute", false, false)]
    [InlineData("PreferNoSchedule", true, true)]
    public void The_effect_decides_whether_an_untolerated_taint_prevents_scheduling_or_evicts(string effect, bool schedule, bool run)
    {
        IList<V1Taint> taints = [Taint("tolerated", "NoExecute"), Taint("key", effect)];
        IList<V1Toleration> tolerations = [new() { Key = "tolerated", OperatorProperty = "Exists" }];
        Assert.Equal(schedule, Tolerations.AllowScheduling(tolerations, taints));
        Assert.Equal(run, Tolerations.AllowRunning(tolerations, taints));
        tolerations.Add(new() { Key = "key", OperatorProperty = "Exists" });
        Assert.True(Tolerations.AllowScheduling(tolerations, taints));
        Assert.True(Tolerations.AllowRunning(tolerations, taints));
    }

    [Fact]
    public void Absent_tolerations_and_taints_are_none()
    {
        Assert.False(Tolerations.Tolerate(null, Taint("key", "NoSchedule")));
        Assert.False(Tolerations.AllowScheduling(null, [Taint("key", "NoSchedule")]));
        Assert.True(Tolerations.AllowScheduling(null, null));
        Assert.True(Tolerations.AllowRunning([], []));
    }

    [Fact]
    public void A_pod_that_may_be_scheduled_may_run_and_more_tolerations_never_forbid_a_node()
    {
        var effect = Gen.OneOfConst("NoSchedule", "NoExecute", "PreferNoSchedule");
        var word = Gen.OneOfConst("a", "b");
        var taints = Gen.Select(word, effect, word).Select(t => Taint(t.Item1, t.Item2, t.Item3)).Array[0, 4];
        var tolerations = Gen.Select(
                Gen.OneOfConst("", "a", "b"),
                Gen.OneOfConst("", "Exists", "Equal", "Gt"),
                word,
                Gen.OneOf(effect, Gen.Const(""))
            )
            .Select(t => new V1Toleration
            {
                Key = t.Item1,
                OperatorProperty = t.Item2,
                Value = t.Item3,
                Effect = t.Item4,
            })
            .Array[0, 4];
        Gen.Select(taints, tolerations, tolerations)
            .Sample(
                (taints, some, more) =>
                {
                    V1Toleration[] all = [.. some, .. more];
                    var (schedule, run) = (Tolerations.AllowScheduling(some, taints), Tolerations.AllowRunning(some, taints));
                    Assert.True(!schedule || run);
                    Assert.True(!schedule || Tolerations.AllowScheduling(all, taints));
                    Assert.True(!run || Tolerations.AllowRunning(all, taints));
                    Assert.Equal(taints.All(taint => !taint.PreventsScheduling() || some.Any(t => t.Tolerates(taint))), schedule);
                },
                iter: 2000
            );
    }

    private static V1Taint Taint(string key, string effect, string? value = "v") =>
        new()
        {
            Key = key,
            Value = value,
            Effect = effect,
        };
}
