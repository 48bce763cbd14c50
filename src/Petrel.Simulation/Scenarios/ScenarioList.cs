using Petrel.Faults;
using Petrel.Simulation.Generation;
using Petrel.Simulation.Invariants.Goals;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Scenarios;

/// <summary>The scenarios that can be run by name.</summary>
public static class ScenarioList
{
    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<IScenario> All { get; } =
    [
        new DeploymentUnderCrashes(),
        new WritesUnderCrashes(),
        new GeneratedScenario(
            "replicas-under-crashes",
            "Deployments, ReplicaSets and ReplicationControllers that are rolled out, scaled, orphaned and adopted",
            workloads =>
            {
                ServiceParts.Deployment(workloads.Part(), "web");
                ServiceParts.ReplicaSet(workloads.Part(), "set");
                ServiceParts.ReplicaSet(workloads.Part(), "old", "ReplicationController");
            }
        ),
        new GeneratedScenario(
            "statefulsets-under-crashes",
            "StatefulSets with claims that are scaled and updated, and whose members users delete",
            workloads =>
            {
                ServiceParts.StatefulSet(workloads.Part(), "db");
                ServiceParts.StatefulSet(workloads.Part(), "mq");
                ServiceParts.Maintenance(workloads.Part());
            }
        ),
        new GeneratedScenario(
            "daemonsets-under-crashes",
            "DaemonSets that are updated while nodes come to be for them and cease to be",
            workloads =>
            {
                ServiceParts.DaemonSet(workloads.Part(), "agent");
                ServiceParts.DaemonSet(workloads.Part(), "proxy");
                ServiceParts.Maintenance(workloads.Part());
            }
        ),
        new GeneratedScenario(
            "jobs-under-crashes",
            "Jobs, plain and indexed, whose pods fail and succeed and must be counted once each",
            workloads =>
            {
                BatchParts.Job(workloads.Part(), "sum");
                BatchParts.Job(workloads.Part(), "map");
                BatchParts.Job(workloads.Part(), "mail");
                ServiceParts.Maintenance(workloads.Part());
            }
        ),
        new GeneratedScenario(
            "claims-under-crashes",
            "volumes that are for one node at a time, and pods that want them on another",
            workloads =>
            {
                ServiceParts.SingleWriter(workloads.Part(), "ledger");
                ServiceParts.SingleWriter(workloads.Part(), "mailbox");
                ServiceParts.StatefulSet(workloads.Part(), "db");
                ServiceParts.Maintenance(workloads.Part());
            }
        ),
        new GeneratedScenario("crowded-nodes", "more and larger pods than there is place for", workloads =>
        {
            ServiceParts.Crowd(workloads.Part(), "large");
            ServiceParts.Crowd(workloads.Part(), "larger");
            ServiceParts.Crowd(workloads.Part(), "largest");
            ServiceParts.Maintenance(workloads.Part());
        }),
        new GeneratedScenario("preemption-under-pressure", "nodes full of what matters little, and then comes what matters", workloads =>
        {
            var part = workloads.Part();
            part.Create(TimeSpan.Zero, Manifests.PriorityClass("low", 10));
            part.Create(TimeSpan.Zero, Manifests.PriorityClass("high", 1000));
            ServiceParts.Crowd(workloads.Part(), "large", "low");
            ServiceParts.Crowd(workloads.Part(), "larger", "low");
            ServiceParts.Crowd(workloads.Part(), "largest", "low");
            ServiceParts.Important(workloads.Part(), "vip", "high");
        }),
        new GeneratedScenario("cronjobs-under-crashes", "CronJobs each minute, with every policy", workloads =>
        {
            BatchParts.CronJob(workloads.Part(), "tick");
            BatchParts.CronJob(workloads.Part(), "tock");
        }) { World = GeneratedScenario.Small with { Nodes = 1 }, Faults = OverThreeMinutes },
        new GeneratedScenario(
            "cronjobs-over-a-day",
            "CronJobs over a day, with every policy, while programs restart now and then",
            workloads =>
            {
                BatchParts.CronJob(workloads.Part(), "hourly", "7 * * * *");
                BatchParts.CronJob(workloads.Part(), "often", "*/20 * * * *");
            }
        )
        {
            World = GeneratedScenario.Small with
            {
                Nodes = 1,
                Controllers = RealPrograms.ControllersFor(NodePace.Slow),
                Agent = RealPrograms.AgentFor(NodePace.Slow),
            },
            Faults = new FaultSettings
            {
                Window = TimeSpan.FromHours(23),
                MeanInterval = TimeSpan.FromMinutes(50),
                MaxOutage = TimeSpan.FromMinutes(40),
                MaxRestart = TimeSpan.FromMinutes(20),
                FarthestJump = TimeSpan.FromMinutes(2),
            },
            ConvergeWithin = TimeSpan.FromHours(2),
        },
        new GeneratedScenario("drain-with-budgets", "nodes are drained one after another while disruption budgets hold", workloads =>
        {
            ServiceParts.Deployment(workloads.Part(), "web");
            ServiceParts.StatefulSet(workloads.Part(), "db");
            ServiceParts.Maintenance(workloads.Part());
            ServiceParts.Maintenance(workloads.Part());
            ServiceParts.Maintenance(workloads.Part());
        }),
        new GeneratedScenario("quota-race", "workloads race for a quota that can't hold them all", workloads =>
        {
            var part = workloads.Part();
            part.Create(
                TimeSpan.Zero,
                Manifests.Quota(
                    "tight",
                    ("pods", $"{part.Between(3, 7)}"),
                    ("requests.cpu", part.Pick("700m", "3")),
                    ("count/replicasets.apps", "6")
                )
            );
            ServiceParts.ReplicaSet(workloads.Part(), "one");
            ServiceParts.ReplicaSet(workloads.Part(), "two");
            ServiceParts.ReplicaSet(workloads.Part(), "three");
            ServiceParts.Deployment(workloads.Part(), "web");
        })
        {
            // Not all workloads can be complete. The pods that run must be settled and counted.
            Goal = static world =>
                world.Unfinished(new NodesReady(), new PodsSettled(), new BudgetsCounted(), new QuotasCounted(), new NoOrphans()),
        },
        new GeneratedScenario("everything", "a bit of every kind of workload, with maintenance", workloads =>
        {
            ServiceParts.Deployment(workloads.Part(), "web");
            ServiceParts.StatefulSet(workloads.Part(), "db");
            ServiceParts.DaemonSet(workloads.Part(), "agent");
            BatchParts.Job(workloads.Part(), "sum");
            BatchParts.CronJob(workloads.Part(), "tick");
            ServiceParts.ReplicaSet(workloads.Part(), "old", "ReplicationController");
            ServiceParts.Maintenance(workloads.Part());
            workloads.Part().Create(TimeSpan.Zero, Manifests.Quota("wide", ("pods", "60"), ("count/jobs.batch", "30")));
        }),
    ];

    // Long enough for several runs of a CronJob that runs each minute.
    private static FaultSettings OverThreeMinutes =>
        GeneratedScenario.Short with
        {
            Window = TimeSpan.FromSeconds(190),
            MeanInterval = TimeSpan.FromSeconds(8),
        };

    public static IScenario? Find(string name) => All.FirstOrDefault(s => s.Name == name);
}
