using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.Scheduler.Binding;

/// <summary>Writes why a pod is not scheduled to the pod's condition PodScheduled. It sends in order, beside the scheduling loop.</summary>
internal sealed partial class FailureReporter(ApiClient client, TimeProvider time, ILogger logger)
{
    private readonly Channel<(V1Pod Pod, string Reason, string Message)> _reports = Channel.CreateUnbounded<(V1Pod, string, string)>(
        new() { SingleReader = true }
    );

    /// <summary>Queues the failure, unless the pod's condition says the same already.</summary>
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
            // The scheduler was asked to stop.
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
                        ["lastTransitionTime"] = (changed ?? time.GetUtcNow().UtcDateTime).ToTimestamp(),
                    }
                ),
            },
        };
        var key = pod.Key();
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
        catch (Exception e) when (e is ApiException || ApiFailures.IsTransient(e, cancellationToken))
        {
            // The next attempt to schedule the pod writes the condition again.
            LogLost(logger, key, e.Message);
        }
    }

    [LoggerMessage(EventId = 7010, Level = LogLevel.Debug, Message = "The PodScheduled condition of {Pod} could not be written: {Problem}")]
    private static partial void LogLost(ILogger logger, ObjectKey pod, string problem);
}
