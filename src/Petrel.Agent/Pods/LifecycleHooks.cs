using System.Text;
using k8s.Models;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Model.Timing;

namespace Petrel.Agent.Pods;

/// <summary>Runs the handlers of postStart and preStop hooks: exec, httpGet, tcpSocket and sleep.</summary>
internal static class LifecycleHooks
{
    // As upstream: an HTTP hook that sends no response fails after this time.
    private static readonly TimeSpan HttpLimit = TimeSpan.FromSeconds(60);

    /// <summary>Runs a preStop hook, at most for the grace period. A failure is recorded as an event and changes nothing else.</summary>
    public static async Task RunPreStopAsync(
        PodWorkerContext context,
        V1Pod pod,
        V1Container container,
        string containerId,
        V1LifecycleHandler handler,
        TimeSpan grace,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var host = pod.Status?.PodIP is { Length: > 0 } address ? address : context.Settings.NodeAddress;
            if (await RunAsync(context, pod, container, containerId, handler, host, grace, cancellationToken) is { } problem)
            {
                Record(context, pod, container, "FailedPreStopHook", "PreStopHook failed");
                LogFailed(context, pod, container, "PreStop", problem);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The grace period ended, the container exited, or the agent is stopping.
        }
    }

    /// <summary>
    /// Runs a postStart hook until it ends. Returns null on success, otherwise why it failed. <paramref name="host"/> is the pod's address,
    /// which its status may not show yet.
    /// </summary>
    public static async Task<string?> RunPostStartAsync(
        PodWorkerContext context,
        V1Pod pod,
        V1Container container,
        string containerId,
        V1LifecycleHandler handler,
        string host,
        CancellationToken cancellationToken
    )
    {
        await Task.Yield();
        try
        {
            var limit = Timeout.InfiniteTimeSpan;
            var problem = await RunAsync(context, pod, container, containerId, handler, host, limit, cancellationToken);
            if (problem is not null)
            {
                Record(context, pod, container, "FailedPostStartHook", "PostStartHook failed");
                LogFailed(context, pod, container, "PostStart", problem);
            }
            return problem;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async ValueTask<string?> RunAsync(
        PodWorkerContext context,
        V1Pod pod,
        V1Container container,
        string containerId,
        V1LifecycleHandler handler,
        string host,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        try
        {
            if (handler.Exec is { } exec)
            {
                var timeout = limit > TimeSpan.Zero ? LongDurations.ForTimer(limit) : LongDurations.MaxTimer;
                var result = await context.Runtime.ExecAsync(containerId, [.. exec.Command], timeout, cancellationToken);
                return result.ExitCode == 0
                    ? null
                    : $"command '{string.Join(' ', exec.Command)}' exited with {result.ExitCode}: "
                        + Encoding.UTF8.GetString(result.ErrorOutput).Trim();
            }
            if (handler.Sleep is { } sleep)
            {
                await LongDurations.DelayAsync(LongDurations.FromSeconds(sleep.Seconds), context.Time, cancellationToken);
                return null;
            }
            if (handler.HttpGet is { } http)
            {
                var target = ProbeTarget.Of(http, container, host);
                return target.Problem
                    ?? await context.Prober.HttpAsync(
                        target.Uri!,
                        [.. (http.HttpHeaders ?? []).Select(h => KeyValuePair.Create(h.Name, h.Value))],
                        limit < HttpLimit && limit > TimeSpan.Zero ? limit : HttpLimit,
                        cancellationToken
                    );
            }
            // Upstream does not run a tcpSocket hook either: the API keeps the field for compatibility only.
            return "the hook names no exec, httpGet or sleep";
        }
        catch (Exception e) when (e is RuntimeException or TimeoutException)
        {
            return e.Message;
        }
    }

    private static void Record(PodWorkerContext context, V1Pod pod, V1Container container, string reason, string message) =>
        context.Events.Record(pod, "Warning", reason, message, ContainerFieldPaths.Of(pod, container));

    private static void LogFailed(PodWorkerContext context, V1Pod pod, V1Container container, string hook, string problem) =>
        AgentPodLog.HookFailed(context.Logger, pod.Metadata.NamespaceProperty, pod.Metadata.Name, container.Name, hook, problem);
}
