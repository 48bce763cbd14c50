using System.Globalization;
using k8s.Models;
using Petrel.Controllers.Deployments;

namespace Petrel.Controllers.Tests.Deployments;

/// <summary>
/// One step of a Deployment, by tables. A ReplicaSet is written as <c>NAME DESIRED/AVAILABLE</c>, then <c>of ACTUAL</c> when it still has
/// another number of pods, <c>for SIZE</c> when it was last scaled for another size of the Deployment, and <c>unseen</c> when its
/// controller has not observed its size. The set <c>new</c> has the Deployment's template; the others are older, in the table's order.
/// </summary>
public sealed class DeploymentPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web" };

    [Theory]
    [InlineData("a new set starts with what the surge allows", 4, "1", "1", "a 4/4", "new 1")]
    [InlineData("no more than wanted", 4, "5", "0", "a 1/1", "new 4")]
    [InlineData("without surge it starts empty", 4, "0", "1", "a 4/4", "new 0")]
    [InlineData("the first pods of no set", 4, "1", "1", "", "new 4")]
    [InlineData("percentages of the surge are rounded up", 10, "25%", "25%", "a 10/10", "new 3")]
    [InlineData("it grows to what the surge allows", 4, "2", "0", "a 3/3, new 1/1", "new 3")]
    [InlineData("it grows to what is wanted", 4, "3", "0", "a 1/1, new 3/3", "new 4")]
    [InlineData("pods that are about to go count", 4, "1", "1", "a 3/3 of 4, new 1/0", "")]
    [InlineData("pods that are about to come count", 4, "1", "1", "a 3/3, new 2/0 of 0", "")]
    [InlineData("the size of another set is not observed", 4, "2", "0", "a 3/3 unseen, new 1/1", "")]
    [InlineData("its own size need not be observed", 4, "1", "1", "a 3/3, new 1/1 unseen", "new 2")]
    [InlineData("it is too large", 2, "1", "1", "new 4/4", "new 2")]
    public void The_new_set_grows_within_the_surge(string rule, int size, string surge, string unavailable, string sets, string expected) =>
        Check(rule, Deployment(size, surge, unavailable), sets, expected);

    [Theory]
    [InlineData("one at a time", 4, "0", "1", "a 4/4, new 0/0", "a 3")]
    [InlineData("two at a time", 4, "0", "2", "a 4/4, new 0/0", "a 2")]
    [InlineData("percentages are rounded down", 10, "0", "29%", "a 10/10, new 0/0", "a 8")]
    [InlineData("neither surge nor unavailable: one may be missing", 3, "0", "0%", "a 3/3, new 0/0", "a 2")]
    [InlineData("all may be missing", 4, "0", "100%", "a 4/4, new 0/0", "a 0")]
    [InlineData("more than all may be missing", 2, "0", "5", "a 2/2, new 0/0", "a 0")]
    [InlineData("with a surge only what the new pods replace", 4, "1", "0", "a 4/4, new 1/1", "a 3")]
    [InlineData("not before the new pod is available", 4, "1", "0", "a 4/4, new 1/0", "")]
    [InlineData("new pods that are not available count as missing", 4, "1", "1", "a 3/0, new 2/0", "")]
    [InlineData("and as many as there are of them", 4, "2", "2", "a 4/0, new 2/1", "a 1")]
    [InlineData("an old pod is missing already", 4, "0", "1", "a 4/3, new 0/0", "a 3")]
    [InlineData("two old pods are missing already", 4, "0", "1", "a 4/2, new 0/0", "a 3")]
    [InlineData("old pods that never became available go first", 4, "1", "1", "a 3/1, new 2/2", "a 1")]
    [InlineData("as many of them as the bound allows", 4, "1", "0", "a 4/2, new 1/1", "a 3")]
    [InlineData("in all old sets together", 6, "0", "3", "a 2/0, b 4/2, new 0/0", "a 0, b 3")]
    [InlineData("available ones go in the oldest set first", 4, "1", "1", "a 2/2, b 2/2, new 1/1", "a 0")]
    [InlineData("and then in the next", 4, "1", "2", "a 1/1, b 3/3, new 1/1", "a 0, b 1")]
    [InlineData("not more than are available beyond the bound", 4, "1", "1", "a 1/1, b 2/2, new 2/1", "a 0")]
    [InlineData("what is unavailable is no reason to take available ones", 4, "1", "1", "a 2/2, b 1/0, new 2/1", "b 0")]
    [InlineData("the last ones", 3, "1", "0", "a 1/1, new 3/3", "a 0")]
    public void The_old_sets_shrink_within_the_bound(
        string rule,
        int size,
        string surge,
        string unavailable,
        string sets,
        string expected
    ) => Check(rule, Deployment(size, surge, unavailable), sets, expected);

    [Theory]
    // The example of upstream's documentation of Deployments: 10 replicas, maxSurge 3, maxUnavailable 2.
    [InlineData("a larger size is shared by the sets' sizes", 15, "3", "2", "a 8/8 of 8 for 10, new 5/0 of 5 for 10", "a 11, new 7")]
    [InlineData("a smaller one too", 5, "3", "2", "a 8/8 for 10, new 5/0 for 10", "a 5, new 3")]
    [InlineData("what rounding leaves goes to the newest of equals", 4, "0", "1", "a 1/1 for 3, b 1/1 for 3, new 1/0 for 3", "new 2")]
    [InlineData("and comes from the oldest of equals", 2, "0", "1", "a 1/1 for 3, b 1/1 for 3, new 1/0 for 3", "a 0")]
    [InlineData("otherwise it concerns the largest", 11, "0", "1", "a 2/2 for 9, b 5/5 for 9, new 2/2 for 9", "b 7")]
    [InlineData("nothing is left at size zero", 0, "3", "2", "a 8/8 for 10, new 5/5 for 10", "a 0, new 0")]
    [InlineData("surplus pods must be gone before sets grow", 15, "3", "2", "a 8/8 of 9 for 10, new 5/0 for 10", "")]
    [InlineData("they need not be before sets shrink", 5, "3", "2", "a 8/8 of 9 for 10, new 5/0 for 10", "a 5, new 3")]
    [InlineData("the only set gets all", 5, "1", "1", "new 3/3 for 3", "new 5")]
    [InlineData("the only set with pods gets all, also when it is old", 5, "1", "1", "a 3/3 for 3, new 0/0 for 3", "a 5")]
    [InlineData("the only set loses all", 1, "1", "1", "new 3/3 for 3", "new 1")]
    [InlineData("old sets go when the new one is complete", 4, "1", "1", "a 1/1 for 3, new 4/4", "a 0")]
    public void A_new_size_is_shared(string rule, int size, string surge, string unavailable, string sets, string expected) =>
        Check(rule, Deployment(size, surge, unavailable), sets, expected);

    [Theory]
    [InlineData("no new set", "a 4/4", "")]
    [InlineData("no growth of the new set", "a 4/4, new 1/1", "")]
    [InlineData("a new size is shared nevertheless", "a 3/3 for 3", "a 4")]
    public void A_paused_deployment_only_scales(string rule, string sets, string expected)
    {
        var deployment = Deployment(4, "1", "1");
        deployment.Spec.Paused = true;
        Check(rule, deployment, sets, expected);
    }

    [Theory]
    [InlineData("old pods go at once", "a 4/4", "a 0")]
    [InlineData("those of all old sets", "a 1/1, b 3/3, new 0/0", "a 0, b 0")]
    [InlineData("the new set waits until they are gone", "a 0/0 of 2, new 0/0", "")]
    [InlineData("then it is created", "a 0/0", "new 4")]
    [InlineData("or grows", "a 0/0, new 0/0", "new 4")]
    public void Recreate_never_has_both(string rule, string sets, string expected)
    {
        var deployment = Deployment(4, "0", "0");
        deployment.Spec.Strategy = new() { Type = "Recreate" };
        Check(rule, deployment, sets, expected);
    }

    [Theory]
    [InlineData("the status of an old set counts one pod", "a 0/0 of 1")]
    [InlineData("an old set may still create pods of an earlier size", "a 0/0 unseen")]
    public void Recreate_waits_for_what_old_sets_say(string rule, string sets)
    {
        var deployment = Deployment(4, "0", "0");
        deployment.Spec.Strategy = new() { Type = "Recreate" };
        Assert.Equal((rule, 0), (rule, Compute(deployment, Sets(deployment, sets)).Count(a => a is not UpdateDeploymentStatus)));
    }

    [Theory]
    [InlineData("Running", false)]
    [InlineData("Succeeded", true)]
    public void Recreate_waits_for_pods_that_may_run(string phase, bool starts)
    {
        var deployment = Deployment(4, "0", "0");
        deployment.Spec.Strategy = new() { Type = "Recreate" };
        var sets = Sets(deployment, "a 0/0");
        var pod = Pod(sets[0], 0);
        pod.Status.Phase = phase;
        Assert.Equal(starts, Compute(deployment, sets, [pod]).OfType<CreateReplicaSet>().Any());
    }

    [Fact]
    public void The_history_of_revisions_loses_its_oldest_ones_when_it_becomes_too_long()
    {
        var annotations = new Dictionary<string, string>
        {
            [DeploymentNames.Revision] = "9000",
            [DeploymentNames.RevisionHistory] = string.Join(',', Enumerable.Range(1000, 400)),
        };
        Assert.True(DeploymentRevisions.Update(Deployment(1, "1", "0"), annotations, 9001));
        var history = annotations[DeploymentNames.RevisionHistory].Split(',');
        Assert.Equal(("1001", "1399", "9000"), (history[0], history[^2], history[^1]));
        Assert.Equal(400, history.Length);
        Assert.Equal("9001", annotations[DeploymentNames.Revision]);

        // An older revision is no news.
        Assert.False(DeploymentRevisions.Update(Deployment(1, "1", "0"), annotations, 9001));
    }

    [Fact]
    public void A_deployment_without_bounds_has_a_quarter_of_each()
    {
        var deployment = Deployment(8, "", "");
        deployment.Spec.Strategy = null;
        Check("surge", deployment, "a 8/8", "new 2");
        Check("unavailable", deployment, "a 8/8, new 2/0", "a 6");
        Check("not more", deployment, "a 6/6, new 2/0", "new 4");
    }

    [Fact]
    public void A_set_takes_over_the_wait_until_pods_are_available()
    {
        var deployment = Deployment(2, "1", "0");
        deployment.Spec.MinReadySeconds = 30;
        var sets = Sets(deployment, "new 2/2");
        var update = Assert.IsType<UpdateReplicaSet>(Assert.Single(Compute(deployment, sets), a => a is not UpdateDeploymentStatus));
        Assert.Equal((30, 2), (update.Value.Spec.MinReadySeconds, update.Value.Spec.Replicas));
    }

    private static void Check(string rule, V1Deployment deployment, string sets, string expected)
    {
        var replicaSets = Sets(deployment, sets);
        var pods = replicaSets.SelectMany(s => Enumerable.Range(0, s.Status.Replicas).Select(number => Pod(s, number))).ToList();
        var changes = new List<string>();
        foreach (var action in Compute(deployment, replicaSets, pods))
        {
            if (action is CreateReplicaSet create)
            {
                changes.Add($"new {create.Value.Spec.Replicas}");
            }
            else if (
                action is UpdateReplicaSet { Value: var set }
                && set.Spec.Replicas != replicaSets.Single(s => s.Metadata.Uid == set.Metadata.Uid).Spec.Replicas
            )
            {
                changes.Add($"{set.Metadata.Name} {set.Spec.Replicas}");
            }
        }
        Assert.Equal((rule, expected), (rule, string.Join(", ", changes.Order(StringComparer.Ordinal))));
    }

    private static IReadOnlyList<DeploymentAction> Compute(
        V1Deployment deployment,
        IReadOnlyList<V1ReplicaSet> sets,
        IReadOnlyList<V1Pod>? pods = null
    ) => DeploymentPlan.Compute(deployment, sets, pods ?? [], Now).Actions;

    private static V1Deployment Deployment(int size, string surge, string unavailable) =>
        new()
        {
            Metadata = new()
            {
                Name = "web",
                NamespaceProperty = "default",
                Uid = "deployment",
                Generation = 1,
            },
            Spec = new()
            {
                Replicas = size,
                Selector = new() { MatchLabels = Labels },
                Strategy = new()
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new() { MaxSurge = surge, MaxUnavailable = unavailable },
                },
                Template = Template("new"),
            },
            Status = new() { ObservedGeneration = 1 },
        };

    private static V1PodTemplateSpec Template(string image) =>
        new()
        {
            Metadata = new() { Labels = Labels },
            Spec = new() { Containers = [new() { Name = "web", Image = image }] },
        };

    private static List<V1ReplicaSet> Sets(V1Deployment deployment, string text) =>
        [.. text.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select((set, index) => Set(deployment, set.Split(' '), index))];

    private static V1ReplicaSet Set(V1Deployment deployment, string[] words, int index)
    {
        int? After(string word) =>
            Array.IndexOf(words, word) is >= 0 and var at ? int.Parse(words[at + 1], CultureInfo.InvariantCulture) : null;
        var numbers = words[1].Split('/').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        var recorded = After("for") ?? deployment.Spec.Replicas!.Value;
        var bounds = RolloutBounds.Of(deployment.Spec);
        var annotations = new Dictionary<string, string>();
        DeploymentRevisions.Update(deployment, annotations, index + 1);
        annotations[DeploymentNames.DesiredReplicas] = $"{recorded}";
        annotations[DeploymentNames.MaxReplicas] = $"{recorded + bounds.MaxSurge}";
        return new()
        {
            Metadata = new()
            {
                Name = words[0],
                NamespaceProperty = "default",
                Uid = $"set-{words[0]}",
                Generation = 1,
                CreationTimestamp = Now.UtcDateTime.AddHours(index - 10),
                Labels = Labels,
                Annotations = annotations,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "apps/v1",
                        Kind = "Deployment",
                        Name = "web",
                        Uid = "deployment",
                        Controller = true,
                    },
                ],
            },
            Spec = new()
            {
                Replicas = numbers[0],
                MinReadySeconds = 0,
                Selector = new() { MatchLabels = Labels },
                Template = Template(words[0]),
            },
            Status = new()
            {
                Replicas = After("of") ?? numbers[0],
                ReadyReplicas = numbers[1],
                AvailableReplicas = numbers[1],
                ObservedGeneration = words.Contains("unseen") ? 0 : 1,
            },
        };
    }

    private static V1Pod Pod(V1ReplicaSet owner, int number) =>
        new()
        {
            Metadata = new()
            {
                Name = $"{owner.Metadata.Name}-{number}",
                NamespaceProperty = "default",
                Labels = Labels,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "apps/v1",
                        Kind = "ReplicaSet",
                        Name = owner.Metadata.Name,
                        Uid = owner.Metadata.Uid,
                        Controller = true,
                    },
                ],
            },
            Status = new() { Phase = "Running" },
        };
}
