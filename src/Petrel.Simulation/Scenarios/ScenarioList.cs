using Petrel.Simulation.Faults;
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
            draft =>
            {
                ServiceParts.Deployment(draft.Part(), "web");
                ServiceParts.ReplicaSet(draft.Part(), "set");
                ServiceParts.ReplicaSet(draft.Part(), "old", "ReplicationController");
            }
        ),
        new GeneratedScenario(
            "statefulsets-under-crashes",
            "StatefulSets with claims that are scaled and updated, and whose members users delete",
            draft =>
            {
                ServiceParts.StatefulSet(draft.Part(), "db");
                ServiceParts.StatefulSet(draft.Part(), "mq");
                ServiceParts.Maintenance(draft.Part());
            }
        ),
        new GeneratedScenario(
            "daemonsets-under-crashes",
            "DaemonSets that are updated while nodes come to be for them and cease to be",
            draft =>
            {
                ServiceParts.DaemonSet(draft.Part(), "agent");
                ServiceParts.DaemonSet(draft.Part(), "proxy");
                ServiceParts.Maintenance(draft.Part());
            }
        ),
        new GeneratedScenario(
            "jobs-under-crashes",
            "Jobs, plain and indexed, whose pods fail and succeed and must be counted once each",
            draft =>
            {
                BatchParts.Job(draft.Part(), "sum");
                BatchParts.Job(draft.Part(), "map");
                BatchParts.Job(draft.Part(), "mail");
                ServiceParts.Maintenance(draft.Part());
            }
        ),
        new GeneratedScenario(
            "claims-under-crashes",
            "volumes that are for one node at a time, and pods that want them on another",
            draft =>
            {
                ServiceParts.SingleWriter(draft.Part(), "ledger");
                ServiceParts.SingleWriter(draft.Part(), "mailbox");
                ServiceParts.StatefulSet(draft.Part(), "db");
                ServiceParts.Maintenance(draft.Part());
            }
        ),
        new GeneratedScenario("crowded-nodes", "more and larger pods than there is place for", draft =>
        {
            ServiceParts.Crowd(draft.Part(), "large");
            ServiceParts.Crowd(draft.Part(), "larger");
            ServiceParts.Crowd(draft.Part(), "largest");
            ServiceParts.Maintenance(draft.Part());
        }),
        new GeneratedScenario("preemption-under-pressure", "nodes full of what matters little, and then comes what matters", draft =>
        {
            var part = draft.Part();
            part.Create(TimeSpan.Zero, Manifests.PriorityClass("low", 10));
            part.Create(TimeSpan.Zero, Manifests.PriorityClass("high", 1000));
            ServiceParts.Crowd(draft.Part(), "large", "low");
            ServiceParts.Crowd(draft.Part(), "larger", "low");
            ServiceParts.Crowd(draft.Part(), "largest", "low");
            ServiceParts.Important(draft.Part(), "vip", "high");
        }),
        new GeneratedScenario("cronjobs-under-crashes", "CronJobs each minute, with every policy", draft =>
        {
            BatchParts.CronJob(draft.Part(), "tick");
            BatchParts.CronJob(draft.Part(), "tock");
        }) { World = GeneratedScenario.Small with { Nodes = 1 }, Faults = GeneratedScenario.Short with { Window = TimeSpan.FromSeconds(190), MeanInterval = TimeSpan.FromSeconds(8) } },
        new GeneratedScenario("cronjobs-over-a-day", "CronJobs over a day, with every policy, while programs restart now and then", draft =>
        {
            BatchParts.CronJob(draft.Part(), "hourly", "7 * * * *");
            BatchParts.CronJob(draft.Part(), "often", "*/20 * * * *");
        })
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
        new GeneratedScenario("drain-with-budgets", "nodes are drained one after another while disruption budgets hold", draft =>
        {
            ServiceParts.Deployment(draft.Part(), "web");
            ServiceParts.StatefulSet(draft.Part(), "db");
            ServiceParts.Maintenance(draft.Part());
            ServiceParts.Maintenance(draft.Part());
            ServiceParts.Maintenance(draft.Part());
        }),
        new GeneratedScenario("quota-race", "workloads race for a quota that can't hold them all", draft =>
        {
            var part = draft.Part();
            part.Create(
                TimeSpan.Zero,
                Manifests.Quota(
                    "tight",
                    ("pods", $"{part.Between(3, 7)}"),
                    ("requests.cpu", part.Pick("700m", "3")),
                    ("count/replicasets.apps", "6")
                )
            );
            ServiceParts.ReplicaSet(draft.Part(), "one");
            ServiceParts.ReplicaSet(draft.Part(), "two");
            ServiceParts.ReplicaSet(draft.Part(), "three");
            ServiceParts.Deployment(draft.Part(), "web");
        })
        {
            // Not all can be complete; but what runs is settled and counted.
            Goal = static world =>
                world.Unfinished(new NodesReady(), new PodsSettled(), new BudgetsCounted(), new QuotasCounted(), new NoOrphans()),
        },
        new GeneratedScenario("everything", "a bit of every kind of workload, with maintenance", draft =>
        {
            ServiceParts.Deployment(draft.Part(), "web");
            ServiceParts.StatefulSet(draft.Part(), "db");
            ServiceParts.DaemonSet(draft.Part(), "agent");
            BatchParts.Job(draft.Part(), "sum");
            BatchParts.CronJob(draft.Part(), "tick");
            ServiceParts.ReplicaSet(draft.Part(), "old", "ReplicationController");
            ServiceParts.Maintenance(draft.Part());
            draft.Part().Create(TimeSpan.Zero, Manifests.Quota("wide", ("pods", "60"), ("count/jobs.batch", "30")));
        }),
    ];

    public static IScenario? Find(string name) => All.FirstOrDefault(s => s.Name == name);
}
