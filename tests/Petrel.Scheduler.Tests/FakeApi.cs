using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Model.Api;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Tests;

/// <summary>What happens to a request on its way.</summary>
internal enum Fault
{
    None,

    /// <summary>It never arrives.</summary>
    LoseRequest,

    /// <summary>It arrives; the answer doesn't.</summary>
    LoseAnswer,

    /// <summary>The caller gives up on it, and later it arrives.</summary>
    Late,

    /// <summary>It never arrives, and the transport gives up: a cancellation that the caller did not ask for.</summary>
    TimeOut,
}

/// <summary>
/// As much of the API as the scheduler talks to: lists, watches, bindings, status patches and events, over objects in memory.
/// </summary>
internal sealed class FakeApi(TimeProvider time) : IApiHandler
{
    private readonly SortedDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly List<(string Plural, string Line)> _changes = [];
    private readonly List<ITimer> _late = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Func<ApiRequest, Fault> Faults { get; set; } = _ => Fault.None;

    /// <summary>Every binding that took effect: pod uid and node.</summary>
    public List<(string Uid, string Node)> Bound { get; } = [];

    public IEnumerable<V1Pod> Pods => All<V1Pod>("pods/");

    public IEnumerable<Corev1Event> Events => All<Corev1Event>("events/");

    public T Get<T>(string plural, string name) =>
        All<T>($"{plural}/").Single(o => ((IKubernetesObject<V1ObjectMeta>)o!).Metadata.Name == name);

    public V1Pod Pod(string name) => Pods.Single(p => p.Metadata.Name == name);

    public void Put(IKubernetesObject<V1ObjectMeta> value)
    {
        var document = JsonNode.Parse(KubernetesJson.Serialize(value))!.AsObject();
        var plural = value.Kind == "StorageClass" ? "storageclasses" : value.Kind.ToLowerInvariant() + "s";
        Store($"{plural}/{value.Metadata.NamespaceProperty}/{value.Metadata.Name}", document);
    }

    public void Delete(string plural, string ns, string name)
    {
        if (_objects.Remove($"{plural}/{ns}/{name}", out var old))
        {
            Change("DELETED", plural, old);
        }
    }

    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        switch (Faults(request))
        {
            case Fault.LoseRequest:
                throw new IOException("connection reset");
            case Fault.LoseAnswer:
                Answer(request);
                throw new IOException("connection reset");
            case Fault.Late:
                _late.Add(time.CreateTimer(_ => Answer(request), null, TimeSpan.FromSeconds(4), Timeout.InfiniteTimeSpan));
                throw new IOException("timed out");
            case Fault.TimeOut:
                throw new OperationCanceledException("timed out");
            default:
                return request.QueryValue("watch") == "true"
                    ? new()
                    {
                        StatusCode = 200,
                        Stream = WatchAsync(PluralOf(request), int.Parse(request.QueryValue("resourceVersion")!), CancellationToken.None),
                    }
                    : Answer(request);
        }
    }

    private ApiResponse Answer(ApiRequest request)
    {
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries)[
            (request.Path.StartsWith("/apis/", StringComparison.Ordinal) ? 3 : 2)..
        ];
        var ns = parts is ["namespaces", var found, _, ..] ? found : "";
        var rest = ns.Length > 0 ? parts[2..] : parts;
        var key = $"{rest[0]}/{ns}/{rest.ElementAtOrDefault(1)}";
        var body = request.Body.IsEmpty ? null : JsonNode.Parse(request.Body.Span)!.AsObject();
        return (request.Method, rest) switch
        {
            ("GET", [_]) => List(rest[0]),
            ("GET", [_, _]) => _objects.TryGetValue(key, out var o) ? Ok(o) : Problem(404, "NotFound", $"{key} not found"),
            ("POST", [_]) => Ok(Store($"{rest[0]}/{ns}/{(string)body!["metadata"]!["name"]!}", body)),
            ("POST", [_, _, "binding"]) => Bind(key, body!),
            ("PATCH", [_, _]) or ("PATCH", [_, _, "status"]) => Patch(key, body!),
            _ => Problem(405, "MethodNotAllowed", $"{request.Method} {request.Path}"),
        };
    }

    private ApiResponse Bind(string key, JsonObject binding)
    {
        if (!_objects.TryGetValue(key, out var pod))
        {
            return Problem(404, "NotFound", $"{key} not found");
        }
        var uid = (string)pod["metadata"]!["uid"]!;
        if (pod["spec"]!["nodeName"] is not null || (string?)binding["metadata"]!["uid"] != uid)
        {
            return Problem(409, "Conflict", $"{key} is assigned already, or another pod");
        }
        var changed = pod.DeepClone().AsObject();
        changed["spec"]!["nodeName"] = (string)binding["target"]!["name"]!;
        Bound.Add((uid, (string)binding["target"]!["name"]!));
        Store(key, changed);
        return Ok(
            new JsonObject
            {
                ["kind"] = "Status",
                ["apiVersion"] = "v1",
                ["status"] = "Success",
            }
        );
    }

    // Lists are replaced: the scheduler writes one condition, or plain fields.
    private ApiResponse Patch(string key, JsonObject patch)
    {
        if (!_objects.TryGetValue(key, out var old))
        {
            return Problem(404, "NotFound", $"{key} not found");
        }
        var changed = old.DeepClone().AsObject();
        Merge(changed, patch);
        return Ok(Store(key, changed));
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is JsonObject inner && target[name] is JsonObject existing)
            {
                Merge(existing, inner);
            }
            else
            {
                target[name] = value?.DeepClone();
            }
        }
    }

    private ApiResponse List(string plural) =>
        Ok(
            new JsonObject
            {
                ["kind"] = "List",
                ["apiVersion"] = "v1",
                ["metadata"] = new JsonObject { ["resourceVersion"] = $"{_changes.Count + 1}" },
                ["items"] = new JsonArray([
                    .. _objects.Where(o => o.Key.StartsWith(plural + "/", StringComparison.Ordinal)).Select(o => o.Value.DeepClone()),
                ]),
            }
        );

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> WatchAsync(
        string plural,
        int afterRevision,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        // The change with index i has revision i + 2: lists of nothing are at 1.
        for (var next = afterRevision - 1; ; next++)
        {
            while (next >= _changes.Count)
            {
                var changed = _changed;
                var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                using var stopped = cancellationToken.Register(() => waiting.TrySetCanceled(cancellationToken));
                _ = SignalAsync(changed.Task, waiting);
                await waiting.Task;
            }
            if (_changes[next].Plural == plural)
            {
                yield return Encoding.UTF8.GetBytes(_changes[next].Line + "\n");
            }
        }
    }

    private static async Task SignalAsync(Task changed, TaskCompletionSource waiting)
    {
        await changed;
        waiting.TrySetResult();
    }

    private JsonObject Store(string key, JsonObject document)
    {
        var isNew = !_objects.ContainsKey(key);
        _objects[key] = document;
        Change(isNew ? "ADDED" : "MODIFIED", key[..key.IndexOf('/', StringComparison.Ordinal)], document);
        return document;
    }

    private void Change(string type, string plural, JsonObject document)
    {
        document["metadata"]!["resourceVersion"] = $"{_changes.Count + 2}";
        _changes.Add((plural, new JsonObject { ["type"] = type, ["object"] = document.DeepClone() }.ToJsonString()));
        var changed = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    private IEnumerable<T> All<T>(string prefix) =>
        _objects
            .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(o => KubernetesJson.Deserialize<T>(o.Value.ToJsonString()));

    private static string PluralOf(ApiRequest request) => request.Path.Split('/')[^1];

    private static ApiResponse Ok(JsonObject body) => new() { StatusCode = 200, Body = Encoding.UTF8.GetBytes(body.ToJsonString()) };

    private static ApiResponse Problem(int code, string reason, string message) =>
        new()
        {
            StatusCode = code,
            Body = Encoding.UTF8.GetBytes(
                new JsonObject
                {
                    ["kind"] = "Status",
                    ["code"] = code,
                    ["reason"] = reason,
                    ["message"] = message,
                }.ToJsonString()
            ),
        };
}
