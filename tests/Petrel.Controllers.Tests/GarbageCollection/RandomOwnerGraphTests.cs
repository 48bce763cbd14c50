using CsCheck;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.GarbageCollection;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.GarbageCollection;

/// <summary>With random owners and random deletions, the collector deletes the objects without any owner left, and no others.</summary>
public sealed class RandomOwnerGraphTests
{
    private static readonly string[] Policies = ["Background", "Foreground", "Orphan"];

    private static readonly Gen<Plan> Plans =
        from count in Gen.Int[2, 12]
        from owners in Gen.Select(Gen.Int[0, 11], Gen.Bool).List[0, 3].Array[count]
        from deletions in Gen.Select(Gen.Int[0, count - 1], Gen.OneOfConst(Policies), Gen.OneOfConst(0.0, 0.0, 0.05, 2.0)).List[1, 4]
        from settle in Gen.Bool
        select new Plan(
            [.. owners.Select((links, i) => links.Where(l => l.Item1 < i).DistinctBy(l => l.Item1).ToArray())],
            [.. deletions],
            settle
        );

    [Fact]
    public void Objects_without_any_owner_left_are_deleted_and_all_others_stay() =>
        Plans.Sample(Check, iter: 60, threads: 1, print: plan => plan.ToString());

    private static void Check(Plan plan)
    {
        var cluster = new TestCluster(context => [new GarbageCollector(context)]);
        var uids = new List<string>();
        for (var i = 0; i < plan.Owners.Length; i++)
        {
            V1OwnerReference[] owners =
            [
                .. plan.Owners[i]
                    .Select(o => new V1OwnerReference
                    {
                        ApiVersion = "v1",
                        Kind = "ConfigMap",
                        Name = Name(o.Owner),
                        Uid = uids[o.Owner],
                        BlockOwnerDeletion = o.Blocks,
                    }),
            ];
            var created = cluster.Create(
                new V1ConfigMap
                {
                    ApiVersion = "v1",
                    Kind = "ConfigMap",
                    Metadata = new()
                    {
                        Name = Name(i),
                        NamespaceProperty = "default",
                        OwnerReferences = owners,
                    },
                }
            );
            uids.Add(created.Metadata.Uid);
        }
        if (plan.Settle)
        {
            cluster.Run(1);
        }
        var deleted = new HashSet<int>();
        var orphaned = new HashSet<int>();
        foreach (var (index, policy, wait) in plan.Deletions)
        {
            cluster.Do(
                async (user, stop) =>
                    await user.DeleteAsync<V1ConfigMap>(new ObjectKey("default", Name(index)), new() { PropagationPolicy = policy }, stop)
            );
            deleted.Add(index);
            if (policy == "Orphan")
            {
                orphaned.Add(index);
            }
            cluster.Run(wait);
        }
        cluster.Run(120);

        var left = cluster.List<V1ConfigMap>().ToDictionary(m => m.Metadata.Uid, StringComparer.Ordinal);
        for (var i = 0; i < uids.Count; i++)
        {
            var owners = plan.Owners[i];
            if (left.TryGetValue(uids[i], out var value))
            {
                Assert.False(deleted.Contains(i), $"{Name(i)} was deleted, but did not go");
                Assert.Null(value.Metadata.DeletionTimestamp);
                Assert.All(value.Metadata.OwnerReferences ?? [], o => Assert.Contains(o.Uid, left.Keys));
                Assert.True(
                    owners.Length == 0 || owners.Any(o => left.ContainsKey(uids[o.Owner]) || orphaned.Contains(o.Owner)),
                    $"{Name(i)} lives, but its owners are gone"
                );
            }
            else
            {
                Assert.True(deleted.Contains(i) || owners.Length > 0, $"{Name(i)} is gone, but had no owner to go with");
                Assert.True(
                    deleted.Contains(i) || owners.All(o => !left.ContainsKey(uids[o.Owner])),
                    $"{Name(i)} is gone, but has an owner that lives"
                );
            }
        }
        cluster.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static string Name(int index) => $"m{index}";

    private sealed record Plan((int Owner, bool Blocks)[][] Owners, (int Index, string Policy, double Wait)[] Deletions, bool Settle)
    {
        public override string ToString() =>
            string.Join(
                "; ",
                Owners.Select(
                    (links, i) => $"{i} of [{string.Join(", ", links.Select(l => l.Blocks ? $"{l.Owner} blocking" : $"{l.Owner}"))}]"
                )
            )
            + $"; settle {Settle}; delete "
            + string.Join(", ", Deletions.Select(d => $"{d.Index} {d.Policy} wait {d.Wait}"));
    }
}
