using System.Threading.Channels;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;

namespace Petrel.Client;

/// <summary>
/// Records events about objects as core/v1 Events. Recording never blocks and never fails; <see cref="RunAsync"/> sends the events. A
/// repeated event increments the count of the first one, as in client-go. When <paramref name="queueLimit"/> events are queued, new events
/// are dropped.
/// </summary>
public sealed partial class EventRecorder(
    ApiClient client,
    string component,
    string host,
    TimeProvider time,
    IEntropy entropy,
    ILogger logger,
    int queueLimit = 1000
)
{
    private const int Remembered = 4096;
    private const int MaxNameAttempts = 5;
    private const int MaxAbout = 253 - 17; // Names have at most 253 characters.

    private readonly Channel<Corev1Event> _queue = Channel.CreateBounded<Corev1Event>(
        new BoundedChannelOptions(queueLimit) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private long _lastName; // the time in the last event's name
    private readonly Dictionary<(string Uid, string Type, string Reason, string Message, string FieldPath), Corev1Event> _known = [];

    /// <summary>Records an event about an object; <paramref name="type"/> is <c>Normal</c> or <c>Warning</c>.</summary>
    public void Record(IKubernetesObject<V1ObjectMeta> about, string type, string reason, string message, string fieldPath = "")
    {
        var now = time.GetUtcNow().UtcDateTime;
        var ns = about.Metadata.NamespaceProperty is { Length: > 0 } given ? given : "default";
        _queue.Writer.TryWrite(
            new Corev1Event
            {
                ApiVersion = "v1",
                Kind = "Event",
                Metadata = new() { NamespaceProperty = ns },
                InvolvedObject = new()
                {
                    ApiVersion = about.ApiVersion ?? ApiVersionOf(about),
                    Kind = about.Kind ?? KindOf(about),
                    Name = about.Metadata.Name,
                    NamespaceProperty = about.Metadata.NamespaceProperty,
                    Uid = about.Metadata.Uid,
                    ResourceVersion = about.Metadata.ResourceVersion,
                    FieldPath = fieldPath.Length == 0 ? null : fieldPath,
                },
                Type = type,
                Reason = reason,
                Message = message.Length <= 1024 ? message : message[..1024],
                FirstTimestamp = now,
                LastTimestamp = now,
                Count = 1,
                Source = new() { Component = component, Host = host.Length == 0 ? null : host },
                ReportingComponent = component,
                ReportingInstance = host,
            }
        );
    }

    /// <summary>Sends recorded events until cancelled.</summary>
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
            // Normal shutdown. Events that are still queued are dropped, because events are best effort.
        }
    }

    private async ValueTask SendAsync(Corev1Event next, CancellationToken cancellationToken)
    {
        var identity = (next.InvolvedObject.Uid ?? "", next.Type, next.Reason, next.Message, next.InvolvedObject.FieldPath ?? "");
        try
        {
            if (_known.TryGetValue(identity, out var known))
            {
                var patch = new System.Text.Json.Nodes.JsonObject
                {
                    ["count"] = (known.Count ?? 1) + 1,
                    ["lastTimestamp"] = next.LastTimestamp!.Value.ToTimestamp(),
                };
                _known[identity] = await client.PatchAsync<Corev1Event>(known.Key(), patch, cancellationToken);
                return;
            }
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            _known.Remove(identity);
        }
        catch (Exception e) when (IsLost(e, cancellationToken))
        {
            LogLost(logger, next.Reason, e.Message);
            return;
        }
        try
        {
            if (_known.Count >= Remembered)
            {
                _known.Clear();
            }
            _known[identity] = await CreateAsync(next, cancellationToken);
        }
        catch (Exception e) when (IsLost(e, cancellationToken))
        {
            LogLost(logger, next.Reason, e.Message);
        }
    }

    private async ValueTask<Corev1Event> CreateAsync(Corev1Event next, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            next.Metadata.Name = NameOf(next, attempt);
            try
            {
                return await client.CreateAsync(next, cancellationToken);
            }
            catch (ApiException e) when (e.IsAlreadyExists && attempt < MaxNameAttempts)
            {
                // Another component recorded an event about the same object at the same time.
            }
        }
    }

    // As upstream, the name ends with the time in nanoseconds as 16 hexadecimal digits: lists of events are in the order of their times.
    // Two events of one recorder never have the same time.
    private string NameOf(Corev1Event next, int attempt)
    {
        var now = Math.Max((next.FirstTimestamp!.Value.Ticks - DateTime.UnixEpoch.Ticks) * TimeSpan.NanosecondsPerTick, _lastName + 1);
        _lastName = attempt == 0 ? now : now + (long)(entropy.NextUInt64() % (ulong)TimeSpan.NanosecondsPerTick);
        var about = next.InvolvedObject.Name;
        return $"{(about.Length <= MaxAbout ? about : about[..MaxAbout].TrimEnd('.', '-'))}.{_lastName:x16}";
    }

    // The API refused the event or the request failed. In both cases the event is dropped.
    private static bool IsLost(Exception e, CancellationToken cancellationToken) =>
        e is ApiException || ApiFailures.IsTransient(e, cancellationToken);

    private static KubernetesEntityAttribute EntityOf(object about) =>
        (KubernetesEntityAttribute)Attribute.GetCustomAttribute(about.GetType(), typeof(KubernetesEntityAttribute))!;

    private static string KindOf(object about) => EntityOf(about).Kind;

    private static string ApiVersionOf(object about) =>
        EntityOf(about) is var entity && entity.Group.Length == 0
            ? entity.ApiVersion
            : $"{EntityOf(about).Group}/{EntityOf(about).ApiVersion}";

    [LoggerMessage(EventId = 3020, Level = LogLevel.Debug, Message = "An event ({Reason}) could not be recorded: {Problem}")]
    private static partial void LogLost(ILogger logger, string reason, string problem);
}
