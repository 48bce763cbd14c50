using System.Text.Json.Nodes;
using Petrel.Agent.Volumes;
using Petrel.Client;
using Petrel.Model.Api;
using Petrel.Simulation.Tests.Scenarios;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Tests.Mutations;

/// <summary>A cluster that is wrong on purpose, and where that shows.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Scenario">Where it shows soonest.</param>
/// <param name="Rules">The rules that may find it.</param>
/// <param name="Break">Makes it wrong, at an edge of the real programs.</param>
internal sealed record Mutation(string Name, string Scenario, string[] Rules, Func<WorldSettings, WorldSettings> Break);

internal static class AllMutations
{
    private const string Convergence = "convergence";

    public static IReadOnlyList<Mutation> All { get; } =
    [
        new("a store that forgets acknowledged writes", "writes-under-crashes", ["acknowledged writes"], static world =>
            world with
            {
                Disk = static () => new ForgetfulDisk(),
            }
        ),
        new("a store that ignores the revisions that writers expect", "quota-race", ["quota", "placement", Convergence], static world =>
            world with
            {
                Disk = static () =>
                    new TamperedDisk(static operations =>
                        [.. operations.Select(o => o with { ExpectedRevision = o.ExpectedRevision == 0 ? 0 : null })]
                    ),
            }
        ),
        new("controllers that write without a resourceVersion", "jobs-under-crashes", ["jobs", "quota", Convergence], static world =>
            OfControllers(world, static request =>
                Tampering.WithBody(request, "PUT", "/", static body => body["metadata"]?.AsObject().Remove("resourceVersion"))
            )
        ),
        new("finalizers of Jobs' pods removed before the pods are counted", "jobs-under-crashes", ["jobs", Convergence], static world =>
            OfControllers(world, static request =>
                Tampering.WithBody(Tampering.WithBody(request, "PUT", "/jobs/", Uncounted), "PATCH", "/jobs/", Uncounted)
            )
        ),
        new("a surge that is counted twice", "replicas-under-crashes", ["surge"], static world =>
            OfControllers(world, static request =>
                Tampering.WithBody(Tampering.WithBody(request, "PUT", "/replicasets/", OneMore), "PATCH", "/replicasets/", OneMore)
            )
        ),
        new(
            "deletions without grace: a replacement before the old identity is gone",
            "statefulsets-under-crashes",
            ["identity"],
            static world =>
                OfControllers(world, static request =>
                    Tampering.WithBody(request, "DELETE", "/pods/", static body => body["gracePeriodSeconds"] = 0)
                )
        ),
        new("an agent that does not stop the containers of deleted pods", "statefulsets-under-crashes", ["identity"], static world =>
            world with
            {
                Agent = static (context, stop) =>
                    RealPrograms
                        .AgentOf(context, NodePace.Fast, new DeafRuntime(context.Machine.Runtime), context.Machine.Volumes)
                        .RunAsync(stop),
            }
        ),
        new("volumes for one node that every node may mount", "claims-under-crashes", ["claims"], static world =>
            world with
            {
                Agent = static (context, stop) =>
                    RealPrograms.AgentOf(context, NodePace.Fast, context.Machine.Runtime, new SimulatedPersistentVolumes()).RunAsync(stop),
            }
        ),
        new("daemons that are all for one node", "daemonsets-under-crashes", ["daemons", Convergence], static world =>
            OfControllers(world, static request => Tampering.WithBody(request, "POST", "/pods", static body =>
                {
                    if (IsOf(body, "DaemonSet"))
                    {
                        body["spec"]!["affinity"]!["nodeAffinity"]!["requiredDuringSchedulingIgnoredDuringExecution"]![
                            "nodeSelectorTerms"
                        ]![0]!["matchFields"]![0]!["values"] = new JsonArray("node1");
                    }
                }))
        ),
        new("budgets that allow every eviction", "drain-with-budgets", ["disruption budgets", Convergence], static world =>
            OfControllers(world, static request =>
                Tampering.WithBody(
                    Tampering.WithBody(request, "PUT", "/poddisruptionbudgets/", Generous),
                    "PATCH",
                    "/poddisruptionbudgets/",
                    Generous
                )
            )
        ),
        new("two schedulers that don't know of each other's pods", "crowded-nodes", ["capacity"], static world =>
            world with
            {
                Scheduler = static (context, stop) =>
                    Loops.RunTogetherAsync(stop, s => RealPrograms.Scheduler(context, s), s => RealPrograms.Scheduler(context, s)),
            }
        ),
        new("a quota that is charged apart from what it is charged for", "quota-race", ["quota"], static world =>
            world with
            {
                Disk = static () =>
                    new TamperedDisk(static operations =>
                        operations.Count == 1
                            ? operations
                            : [.. operations.Where(o => !o.Key.StartsWith("/registry/core/resourcequotas/", StringComparison.Ordinal))]
                    ),
            }
        ),
        new("watches that leave out an event", "replicas-under-crashes", [Convergence, "surge", "user"], static world =>
            world with
            {
                WrapLink = static (process, link) => process == "user" ? link : Forgetting(link),
            }
        ),
    ];

    private static WorldSettings OfControllers(WorldSettings world, Func<ApiRequest, ApiRequest> change) =>
        world with
        {
            WrapLink = (process, link) => process == "controllers" ? new Tampering(link) { Request = change } : link,
        };

    private static Tampering Forgetting(IApiHandler link)
    {
        const int Often = 25;
        var seen = 0;
        return new(link) { Chunk = chunk => ++seen % Often == 0 && chunk.Span.IndexOf("\"MODIFIED\""u8) >= 0 ? null : chunk };
    }

    private static bool IsOf(JsonObject body, string kind) => (string?)body["metadata"]?["ownerReferences"]?[0]?["kind"] == kind;

    private static void Uncounted(JsonObject body) => body["status"]?.AsObject().Remove("uncountedTerminatedPods");

    private static void OneMore(JsonObject body)
    {
        if (
            (body["metadata"]?["ownerReferences"] is null || IsOf(body, "Deployment"))
            && (int?)body["spec"]?["replicas"] is > 0 and var replicas
        )
        {
            body["spec"]!["replicas"] = replicas + 2;
        }
    }

    private static void Generous(JsonObject body)
    {
        if (body["status"] is JsonObject status)
        {
            status["disruptionsAllowed"] = 9;
        }
    }
}
