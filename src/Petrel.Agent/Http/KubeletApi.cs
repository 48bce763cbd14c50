using System.Text;
using k8s.Models;
using Petrel.Agent.Logs;
using Petrel.Agent.Metrics;
using Petrel.Agent.Runtimes;
using Petrel.Model.Api;
using Petrel.Model.Metrics;

namespace Petrel.Agent.Http;

/// <summary>
/// The agent's HTTP API (upstream: the kubelet API): <c>/containerLogs/NAMESPACE/POD/CONTAINER</c>, <c>/metrics</c>,
/// <c>/metrics/resource</c> and <c>/healthz</c>. Only the API server and administrators are authorized: a node's certificate is not enough.
/// </summary>
/// <param name="runtime">The node's runtime.</param>
/// <param name="findPod">Returns the pod of this node with a namespace and name, or null.</param>
/// <param name="time">The clock.</param>
/// <param name="metrics">What is offered at <c>/metrics</c>; null for nothing but what the runtime tells.</param>
public sealed class KubeletApi(
    IContainerRuntime runtime,
    Func<string, string, V1Pod?> findPod,
    TimeProvider time,
    AgentMetrics? metrics = null
) : IApiHandler
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (!request.User.Groups.Contains(UserInfo.MastersGroup))
        {
            return request.User.Groups.Contains(UserInfo.UnauthenticatedGroup) ? Text(401, "Unauthorized") : Text(403, "Forbidden");
        }
        if (request.Method != "GET")
        {
            return Text(405, "method not allowed: only GET is served here");
        }
        return request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            ["healthz"] => Text(200, "ok"),
            ["metrics"] => await (metrics ?? new AgentMetrics("", new MetricRegistry())).RenderAsync(runtime, cancellationToken),
            ["metrics", "resource"] => await ResourceMetrics.RenderAsync(runtime, time, cancellationToken),
            ["containerLogs", var ns, var pod, var container] => await LogAsync(request, ns, pod, container, cancellationToken),
            _ => Text(404, "404 page not found"),
        };
    }

    private async ValueTask<ApiResponse> LogAsync(
        ApiRequest request,
        string ns,
        string pod,
        string container,
        CancellationToken cancellationToken
    )
    {
        LogOptions options;
        try
        {
            options = LogOptions.Parse(request, time.GetUtcNow());
        }
        catch (FormatException e)
        {
            return Text(400, e.Message);
        }
        var pods = (await runtime.ListSandboxesAsync(cancellationToken)).Where(s => s.PodNamespace == ns && s.PodName == pod).ToList();
        if (pods.Count == 0)
        {
            return Waiting(ns, pod, container);
        }
        // A deleted pod may still have a sandbox when a new pod with the same name has one too. Use the newer sandbox.
        var uid = pods.MaxBy(s => s.CreatedAt)!.PodUid;
        var attempts = (await runtime.GetPodStatusAsync(uid, cancellationToken))
            .Containers.Where(c => c.Name == container)
            .OrderBy(c => c.Attempt)
            .ToList();
        if (options.Previous)
        {
            var newest = attempts.Count > 0 ? attempts[^1].LogPath : "";
            return attempts.Count > 1 ? Log(attempts[^2], attempts[^2].LogPath, options)
                : Earlier(newest) is { } earlier ? Log(attempts[^1], earlier, options with { Follow = false })
                : Text(400, $"previous terminated container \"{container}\" in pod \"{pod}\" not found");
        }
        return attempts.Count == 0 || !File.Exists(attempts[^1].LogPath)
            ? Waiting(ns, pod, container)
            : Log(attempts[^1], attempts[^1].LogPath, options);
    }

    // Why the container has no log yet, with upstream's messages.
    private ApiResponse Waiting(string ns, string name, string container)
    {
        if (findPod(ns, name) is not { } pod)
        {
            return Text(404, $"pod \"{name}\" not found");
        }
        var status = (pod.Status?.ContainerStatuses ?? [])
            .Concat(pod.Status?.InitContainerStatuses ?? [])
            .FirstOrDefault(s => s.Name == container);
        var reason = status?.State?.Waiting?.Reason;
        return Text(
            400,
            $"container \"{container}\" in pod \"{name}\" is waiting to start"
                + reason switch
                {
                    "ErrImagePull" => ": image can't be pulled",
                    "ImagePullBackOff" => ": trying and failing to pull image",
                    { Length: > 0 } => $": {reason}",
                    // The pod was not reported yet, or it ended before the container started.
                    _ => status is null && pod.Status?.Reason is not { Length: > 0 } ? ": ContainerCreating" : " - no logs yet",
                }
        );
    }

    // The log of the previous attempt may exist longer than its container, so find it by file name.
    private static string? Earlier(string path) =>
        int.TryParse(Path.GetFileNameWithoutExtension(path), out var attempt)
        && Path.Combine(Path.GetDirectoryName(path)!, $"{attempt - 1}.log") is var earlier
        && File.Exists(earlier)
            ? earlier
            : null;

    private ApiResponse Log(ContainerStatus container, string path, LogOptions options) =>
        new()
        {
            StatusCode = 200,
            ContentType = "text/plain",
            Stream = ContainerLog.ReadAsync(path, options, stop => HasExitedAsync(container, stop), time, CancellationToken.None),
        };

    private async ValueTask<bool> HasExitedAsync(ContainerStatus container, CancellationToken cancellationToken) =>
        (await runtime.GetPodStatusAsync(container.PodUid, cancellationToken)).Containers.FirstOrDefault(c => c.Id == container.Id)
            is not { State: ContainerState.Running or ContainerState.Created };

    private static ApiResponse Text(int status, string text) =>
        new()
        {
            StatusCode = status,
            ContentType = "text/plain; charset=utf-8",
            Body = Encoding.UTF8.GetBytes(text),
        };
}
