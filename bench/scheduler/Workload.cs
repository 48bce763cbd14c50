using k8s.Models;

namespace Petrel.Bench.Scheduler;

/// <summary>
/// What is scheduled onto what, after kubernetes' test/integration/scheduler_perf: nodes of 4 CPUs, 32 GiB and 110 pods in three zones, and
/// pods of 100m and 500 Mi unless they say otherwise. Another workload is another row of <see cref="All"/>.
/// </summary>
internal sealed record Workload(string Name, Func<int, V1Pod> Pod)
{
    public const string Zone = "topology.kubernetes.io/zone";
    public const string Hostname = "kubernetes.io/hostname";

    // One group of pods that avoid each other fills as many nodes as it has pods.
    private const int GroupSize = 500;
    private const int Owners = 50;
    private const int FirstPlaced = 10_000_000;

    /// <summary>
    /// Pods that are on the nodes before, with the node of each by its number; for workloads that have to make room first.
    /// </summary>
    public Func<int, V1Pod>? Placed { get; init; }

    /// <summary>How many of those there are on each node.</summary>
    public int PlacedPerNode { get; init; } = 1;

    /// <summary>How many pods a node can take; null when that is no limit.</summary>
    public int? MostPerNode { get; init; }

    /// <summary>Whether pods also leave and nodes change meanwhile.</summary>
    public bool Churns { get; init; }

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("basic", i => Make.Pod(i)),
        new("owned by ReplicaSets", i => Make.Pod(i, owner: $"rs-{i * Owners / 10_000}")),
        new("required node affinity", i =>
            Make.Pod(i, with: s => s.Affinity = new() { NodeAffinity = Make.RequiredZones("zone-0", "zone-1") })
        ),
        new("preferred node affinity", i => Make.Pod(i, with: s => s.Affinity = new() { NodeAffinity = Make.PreferredZone("zone-1") })),
        new("pod affinity", i => Make.Pod(i, "blue", with: s => s.Affinity = Make.Near("blue", Zone))),
        new("pod anti-affinity", i =>
            Make.Pod(i, $"green-{i / GroupSize}", with: s => s.Affinity = Make.Away($"green-{i / GroupSize}", Hostname))
        ),
        new("preferred pod affinity", i => Make.Pod(i, "red", with: s => s.Affinity = Make.PreferNear("red", Hostname))),
        new("preferred pod anti-affinity", i => Make.Pod(i, "yellow", with: s => s.Affinity = Make.PreferAway("yellow", Hostname))),
        new("topology spread", i =>
            Make.Pod(i, "spread", with: s => s.TopologySpreadConstraints = [Make.Spread("spread", Zone, "DoNotSchedule")])
        ),
        new("preferred topology spread", i =>
            Make.Pod(i, "spread", with: s => s.TopologySpreadConstraints = [Make.Spread("spread", Zone, "ScheduleAnyway")])
        ),
        // Nodes full of four pods of low priority, three of which have to go for each that comes.
        new("preemption", i => Make.Pod(i, "high", with: s => Request(s, "3000m", priority: 10)))
        {
            Placed = i => Make.Pod(FirstPlaced + i, "low", with: s => Request(s, "900m", priority: 0)),
            PlacedPerNode = 4,
            MostPerNode = 1,
        },
        new("mixed, with churn", Mixed) { Churns = true },
        new("no two pods alike", i => Make.Pod(i, $"app-{i}")),
    ];

    private static void Request(V1PodSpec spec, string cpu, int priority)
    {
        spec.Priority = priority;
        spec.Containers[0].Resources.Requests["cpu"] = new(cpu);
    }

    // Pods of all kinds and fifty owners, in turn: none comes after one of its own.
    private static V1Pod Mixed(int i) =>
        (i % 5) switch
        {
            0 => Make.Pod(i, owner: $"rs-{i % Owners}"),
            1 => Make.Pod(i, $"blue-{i % Owners}", with: s => s.Affinity = Make.PreferNear($"blue-{i % Owners}", Zone)),
            2 => Make.Pod(i, $"green-{i / GroupSize}", with: s => s.Affinity = Make.Away($"green-{i / GroupSize}", Hostname)),
            3 => Make.Pod(i, $"spread-{i % Owners}", with: s =>
                s.TopologySpreadConstraints = [Make.Spread($"spread-{i % Owners}", Zone, "DoNotSchedule")]
            ),
            _ => Make.Pod(i, $"zonal-{i % Owners}", with: s => s.Affinity = new() { NodeAffinity = Make.RequiredZones($"zone-{i % 3}") }),
        };
}
