using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model.Determinism;

namespace Petrel.Scheduler.Binding;

/// <summary>Records the scheduler's events about pods. Recording never blocks; the same event again raises its count.</summary>
internal sealed partial class PodEvents(ApiClient client, string component, TimeProvider time, IEntropy entropy, ILogger logger)
{
    private const int QueueLimit = 10_000;
    private const int Remembered = 4096;

    private readonly Channel<Corev1Event> _queue =
        Channel.CreateBounded<Corev1Event>(new BoundedChannelOptions(QueueLimit) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Dictionary<(string Uid, string Reason, string Message), Corev1Event> _known = [];

    public void Record(V1Pod pod, string type, string reason, string message)
    {
        var now = time.GetUtcNow().UtcDateTime;
        _queue.Writer.TryWrite(new()
        {
            ApiVersion = "v1",
            Kind = "Event",
            Metadata = new() { NamespaceProperty = pod.Metadata.NamespaceProperty, Name = $"{pod.Metadata.Name}.{entropy.NextUInt64():x16}" },
            InvolvedObject = new()
            {
                ApiVersion = "v1",
                Kind = "Pod",
                NamespaceProperty = pod.Metadata.NamespaceProperty,
                Name = pod.Metadata.Name,
                Uid = pod.Metadata.Uid,
                ResourceVersion = pod.Metadata.ResourceVersion,
            },
            Type = type,
            Reason = reason,
            Message = message.Length <= 1024 ? message : message[..1024],
            FirstTimestamp = now,
            LastTimestamp = now,
            Count = 1,
            Source = new() { Component = component },
            ReportingComponent = component,
            ReportingInstance = "",
        });
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            while (await _queue.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_queue.Reader.TryRead(out var next))
                {
                    await SendAsync(next, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop: events are best effort.
        }
    }

    private async ValueTask SendAsync(Corev1Event next, CancellationToken cancellationToken)
    {
        var identity = (next.InvolvedObject.Uid ?? "", next.Reason, next.Message);
        try
        {
            if (_known.Remove(identity, out var known) && await RaiseAsync(known, next, cancellationToken) is { } raised)
            {
                _known[identity] = raised;
                return;
            }
            if (_known.Count >= Remembered)
            {
                _known.Clear();
            }
            _known[identity] = await client.CreateAsync(next, cancellationToken);
        }
        catch (Exception e) when (e is ApiException or IOException or HttpRequestException)
        {
            LogLost(logger, next.Reason, e.Message);
        }
    }

    // Null when the event has expired meanwhile.
    private async ValueTask<Corev1Event?> RaiseAsync(Corev1Event known, Corev1Event next, CancellationToken cancellationToken)
    {
        try
        {
            return await client.PatchAsync<Corev1Event>(
                new(known.Metadata.NamespaceProperty, known.Metadata.Name),
                new JsonObject
                {
                    ["count"] = (known.Count ?? 1) + 1,
                    ["lastTimestamp"] = next.LastTimestamp!.Value.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                },
                cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    [LoggerMessage(EventId = 5020, Level = LogLevel.Debug, Message = "An event ({Reason}) could not be recorded: {Problem}")]
    private static partial void LogLost(ILogger logger, string reason, string problem);
}
