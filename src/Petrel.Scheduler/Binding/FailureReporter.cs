using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Scheduler.Binding;

/// <summary>Tells users why a pod is not scheduled: the pod's PodScheduled condition. Sends in order, off the scheduling loop.</summary>
internal sealed partial class FailureReporter(ApiClient client, TimeProvider time, ILogger logger)
{
    private readonly Channel<(V1Pod Pod, string Reason, string Message)> _reports = Channel.CreateUnbounded<(V1Pod, string, string)>(
        new() { SingleReader = true }
    );

    /// <summary>Notes the failure, unless the pod's condition says the same already.</summary>
    public void Report(V1Pod pod, string reason, string message)
    {
        var known = pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "PodScheduled");
        if (known is not { Status: "False" } || known.Reason != reason || known.Message != message)
        {
            _reports.Writer.TryWrite((pod, reason, message));
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            while (await _reports.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_reports.Reader.TryRead(out var report))
                {
                    await SendAsync(report.Pod, report.Reason, report.Message, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    private async ValueTask SendAsync(V1Pod pod, string reason, string message, CancellationToken cancellationToken)
    {
        var was = pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "PodScheduled");
        var changed = was?.Status == "False" ? was.LastTransitionTime : null;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid },
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "PodScheduled",
                        ["status"] = "False",
                        ["reason"] = reason,
                        ["message"] = message,
                        ["lastTransitionTime"] = (changed ?? time.GetUtcNow().UtcDateTime).ToString(
                            "yyyy-MM-dd'T'HH:mm:ss'Z'",
                            CultureInfo.InvariantCulture
                        ),
                    }
                ),
            },
        };
        var key = new ObjectKey(pod.Metadata.NamespaceProperty ?? "", pod.Metadata.Name);
        try
        {
            // Strategic: merges into the list of conditions by type.
            await client.SendAsync(
                "PATCH",
                TypedKind<V1Pod>.Path(key.Namespace, key.Name, "status"),
                [],
                Encoding.UTF8.GetBytes(patch.ToJsonString()),
                "application/strategic-merge-patch+json",
                cancellationToken
            );
        }
        catch (Exception e) when (e is ApiException or IOException)
        {
            // The next attempt to schedule the pod reports again.
            LogLost(logger, key, e.Message);
        }
    }

    [LoggerMessage(EventId = 5010, Level = LogLevel.Debug, Message = "The PodScheduled condition of {Pod} could not be written: {Problem}")]
    private static partial void LogLost(ILogger logger, ObjectKey pod, string problem);
}
