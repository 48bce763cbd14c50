using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Tests.Scenarios;

/// <summary>An agent that only says what agents say: its node is ready, its pods run, pods that shall end have ended.</summary>
internal static class PuppetAgent
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static async Task RunAsync(AgentContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            try
            {
                await RegisterAsync(context, cancellationToken);
                var (pods, _) = await context.Client.ListAsync<V1Pod>(
                    "",
                    cancellationToken,
                    fieldSelector: $"spec.nodeName={context.Machine.NodeName}"
                );
                foreach (var pod in pods)
                {
                    await SyncAsync(context, pod, cancellationToken);
                }
            }
            catch (Exception e) when (e is IOException or ApiException)
            {
                // Next time.
            }
            await Task.Delay(Pause, context.Time, cancellationToken);
        }
    }

    private static async Task SyncAsync(AgentContext context, V1Pod pod, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            context.Machine.PodStopped(pod.Metadata.Uid);
            await context.Client.DeleteAsync<V1Pod>(
                key,
                new()
                {
                    GracePeriodSeconds = 0,
                    Preconditions = new() { Uid = pod.Metadata.Uid },
                },
                cancellationToken
            );
        }
        else if (pod.Status?.Phase != "Running")
        {
            context.Machine.ContainerStarted(pod.Metadata.Uid);
            await context.Client.PatchAsync<V1Pod>(
                key,
                JsonNode.Parse("""{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""")!.AsObject(),
                cancellationToken,
                "status"
            );
        }
    }

    private static async Task RegisterAsync(AgentContext context, CancellationToken cancellationToken)
    {
        var key = new ObjectKey("", context.Machine.NodeName);
        var node = await context.Client.FindAsync<V1Node>(key, cancellationToken)
            ?? await context.Client.CreateAsync(
                new V1Node
                {
                    ApiVersion = "v1",
                    Kind = "Node",
                    Metadata = new() { Name = key.Name },
                },
                cancellationToken
            );
        if (node.Status?.Conditions is not { Count: > 0 })
        {
            await context.Client.PatchAsync<V1Node>(
                key,
                JsonNode
                    .Parse(
                        """{"status":{"capacity":{"cpu":"4","memory":"8Gi","pods":"110"},"allocatable":"""
                            + """{"cpu":"4","memory":"8Gi","pods":"110"},"conditions":[{"type":"Ready","status":"True"}]}}"""
                    )!
                    .AsObject(),
                cancellationToken,
                "status"
            );
        }
    }
}
