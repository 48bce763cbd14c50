using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Client;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Plans;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Runs;

/// <summary>Performs a plan's operations: those on one object in order, those on different objects concurrently.</summary>
public sealed class PlannedUser(RunPlan plan, SimulatedUser user, RunHistory history)
{
    private const string Json = "application/json";
    private const string MergePatch = "application/merge-patch+json";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMinutes(2);

    private readonly long _start = user.Time.GetTimestamp();

    /// <summary>Returns when all is done or refused.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await Task.WhenAll(
            plan.Operations.GroupBy(o => o.Target).Select(lane => RunAsync([.. lane.OrderBy(o => o.At)], cancellationToken))
        );
    }

    // Until its first operation's time the run is the same without it.
    private async Task RunAsync(IReadOnlyList<PlannedOperation> lane, CancellationToken cancellationToken)
    {
        foreach (var operation in lane)
        {
            if (operation.At - user.Time.GetElapsedTime(_start) is { Ticks: > 0 } wait)
            {
                await Task.Delay(wait, user.Time, cancellationToken);
            }
            history.Append("user", $"begins: {OperationText.Of(operation)}");
            var refused = await DoAsync(operation, cancellationToken);
            history.Append("user", $"{(refused is null ? "done" : $"refused ({refused})")}: {OperationText.Of(operation)}");
        }
    }

    private ValueTask<string?> DoAsync(PlannedOperation operation, CancellationToken cancellationToken)
    {
        var target = operation.Target;
        return operation.Kind switch
        {
            OperationKind.Create => SendAsync("POST", target.Collection, [], operation.Body, Json, cancellationToken),
            OperationKind.Apply => SendAsync(
                "PATCH",
                target.Path(),
                [new("fieldManager", "user"), new("force", "true")],
                operation.Body,
                "application/apply-patch+yaml",
                cancellationToken
            ),
            OperationKind.Patch => SendAsync(
                "PATCH",
                target.Path(operation.Subresource),
                [],
                operation.Body,
                MergePatch,
                cancellationToken
            ),
            OperationKind.Scale => SendAsync(
                "PATCH",
                target.Path("scale"),
                [],
                new() { ["spec"] = new JsonObject { ["replicas"] = operation.Replicas ?? 0 } },
                MergePatch,
                cancellationToken
            ),
            OperationKind.Delete => SendAsync("DELETE", target.Path(), [], operation.Body ?? DeleteOptions(), Json, cancellationToken),
            OperationKind.Evict => EvictAsync(target, operation.Body, null, cancellationToken),
            OperationKind.Cordon => CordonAsync(target, true, cancellationToken),
            OperationKind.Uncordon => CordonAsync(target, false, cancellationToken),
            OperationKind.Drain => DrainAsync(target, cancellationToken),
            _ => throw new NotSupportedException($"there is no operation {operation.Kind}"),
        };
    }

    private ValueTask<string?> CordonAsync(PlannedTarget node, bool unschedulable, CancellationToken cancellationToken) =>
        SendAsync(
            "PATCH",
            node.Path(),
            [],
            new() { ["spec"] = new JsonObject { ["unschedulable"] = unschedulable } },
            MergePatch,
            cancellationToken
        );

    // Like kubectl drain. There are no mirror pods here.
    private async ValueTask<string?> DrainAsync(PlannedTarget node, CancellationToken cancellationToken)
    {
        var began = user.Time.GetTimestamp();
        if (await CordonAsync(node, true, cancellationToken) is { } refused)
        {
            return refused;
        }
        while (true)
        {
            var pods = await PodsOnAsync(node.Name, cancellationToken);
            if (pods.Count == 0)
            {
                return null;
            }
            if (DrainLimit - user.Time.GetElapsedTime(began) is not { Ticks: > 0 } left)
            {
                return $"{pods.Count} pods are left";
            }
            foreach (var pod in pods)
            {
                await EvictAsync(pod, null, left, cancellationToken);
            }
            await Task.Delay(Pause, user.Time, cancellationToken);
        }
    }

    private async ValueTask<IReadOnlyList<PlannedTarget>> PodsOnAsync(string node, CancellationToken cancellationToken)
    {
        IReadOnlyList<PlannedTarget> pods = [];
        await SendAsync("GET", "/api/v1/pods", [new("fieldSelector", $"spec.nodeName={node}")], null, "", cancellationToken, body =>
        {
            var items = JsonNode.Parse(body.Span)!["items"]?.AsArray() ?? [];
            pods =
            [
                .. items
                    .Where(p => p!["metadata"]!["ownerReferences"]?.AsArray().Any(o => (string?)o!["kind"] == "DaemonSet") != true)
                    .Select(p => new PlannedTarget("v1", "pods", (string)p!["metadata"]!["namespace"]!, (string)p["metadata"]!["name"]!)),
            ];
        });
        return pods;
    }

    private async ValueTask<string?> EvictAsync(
        PlannedTarget pod,
        JsonObject? options,
        TimeSpan? limit,
        CancellationToken cancellationToken
    )
    {
        var eviction = new JsonObject
        {
            ["apiVersion"] = "policy/v1",
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["namespace"] = pod.Namespace, ["name"] = pod.Name },
            ["deleteOptions"] = options?.DeepClone(),
        };
        return await SendAsync("POST", pod.Path("eviction"), [], eviction, Json, cancellationToken, limit: limit ?? DrainLimit);
    }

    // Returns null when it was done, else why the API refused it. After an unknown outcome the request is sent again, and an answer that
    // says that it has been done before is success.
    private async ValueTask<string?> SendAsync(
        string method,
        string path,
        IReadOnlyList<KeyValuePair<string, string>> query,
        JsonObject? body,
        string contentType,
        CancellationToken cancellationToken,
        Action<ReadOnlyMemory<byte>>? read = null,
        TimeSpan? limit = null
    )
    {
        var began = user.Time.GetTimestamp();
        var uncertain = false;
        while (true)
        {
            try
            {
                ReadOnlyMemory<byte>? bytes = body is null ? null : Encoding.UTF8.GetBytes(body.ToJsonString());
                var answer = await user.Client.SendAsync(method, path, query, bytes, contentType, cancellationToken);
                read?.Invoke(answer.Body);
                return null;
            }
            catch (IOException)
            {
                uncertain = true;
            }
            catch (ApiException e) when (e.Status.Code is >= 500)
            {
                uncertain = true;
            }
            catch (ApiException e) when (e.Status.Code == 429 && (limit is null || user.Time.GetElapsedTime(began) < limit))
            {
                // The server is busy, or a disruption budget forbids the eviction for now: retry.
            }
            catch (ApiException e) when (e.IsConflict && e.Status.Reason != "AlreadyExists" && method != "POST")
            {
                // A concurrent write was faster: retry.
            }
            catch (ApiException e)
            {
                var doneBefore =
                    uncertain && ((method == "POST" && e.Status.Reason == "AlreadyExists") || (method == "DELETE" && e.IsNotFound));
                return doneBefore ? null : e.Status.Reason;
            }
            await Task.Delay(Pause, user.Time, cancellationToken);
        }
    }

    private static JsonObject DeleteOptions() =>
        new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["propagationPolicy"] = "Background",
        };
}

/// <summary>Operations in words, for histories and timelines.</summary>
public static class OperationText
{
    public static string Of(PlannedOperation operation)
    {
        var target = operation.Target;
        return operation.Kind switch
        {
            OperationKind.Patch =>
                $"patch {target}{(operation.Subresource is { } sub ? $" ({sub})" : "")} {operation.Body?.ToJsonString()}",
            OperationKind.Scale => $"scale {target} to {operation.Replicas ?? 0}",
            _ => $"{JsonNamingPolicy.KebabCaseLower.ConvertName(operation.Kind.ToString())} {target}",
        };
    }
}
