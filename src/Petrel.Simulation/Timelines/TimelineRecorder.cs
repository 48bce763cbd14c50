using System.Text.Json;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;
using Petrel.Simulation.Network;
using Petrel.Store;

namespace Petrel.Simulation.Timelines;

/// <summary>Turns what happens in a world into entries, in order, as it happens.</summary>
/// <param name="clock">The true time, which begins with the run.</param>
/// <param name="tell">Gets each entry.</param>
public sealed class TimelineRecorder(TimeProvider clock, Action<TimelineEntry> tell)
{
    private readonly long _start = clock.GetTimestamp();
    private readonly Dictionary<string, JsonElement> _objects = new(StringComparer.Ordinal); // by store key
    private readonly Dictionary<string, string> _pods = new(StringComparer.Ordinal); // by uid: the pod as namespace/name

    /// <summary>The store has committed.</summary>
    public void Committed(IReadOnlyList<StoreOperation> operations)
    {
        foreach (var operation in operations)
        {
            // Other keys (allocated addresses, for example) need not be JSON.
            if (StoredObject.Of(operation.Key) is not { } stored)
            {
                continue;
            }
            JsonElement? before = _objects.TryGetValue(operation.Key, out var old) ? old : null;
            JsonElement? after = operation.Value is { } bytes ? JsonElement.Parse(bytes.Span) : null;
            if (after is { } value)
            {
                _objects[operation.Key] = value;
            }
            else
            {
                _objects.Remove(operation.Key);
            }
            if (stored.Resource == "pods" && (after ?? before) is { } pod)
            {
                _pods[pod.Uid()] = stored.Path;
            }
            if (ChangeText.Of(stored, before, after) is { } text)
            {
                Tell(
                    TimelineKind.Commit,
                    RequestOrigin.Current ?? "server",
                    $"{stored.Title} {text.What}",
                    stored.ToString(),
                    text.IsDetail
                );
            }
        }
    }

    /// <summary>The history has got a line.</summary>
    public void Line(string who, string what)
    {
        if (what.StartsWith(Finding.Mark, StringComparison.Ordinal))
        {
            Tell(TimelineKind.Finding, who, what[Finding.Mark.Length..]);
        }
        else if (who == "fault")
        {
            Tell(TimelineKind.Fault, who, what);
        }
        else if (who == "user")
        {
            Tell(TimelineKind.Operation, who, what);
        }
        else if (what is "started" or "killed")
        {
            Tell(TimelineKind.Process, who, what);
        }
        else if (what.StartsWith(ContainerStarted, StringComparison.Ordinal))
        {
            var pod = _pods.GetValueOrDefault(what[ContainerStarted.Length..], what[ContainerStarted.Length..]);
            Tell(TimelineKind.Container, who, $"a container of pod/{pod} started", $"pods/{pod}");
        }
        else if (who.Contains(' ', StringComparison.Ordinal))
        {
            Tell(TimelineKind.Log, who[..who.IndexOf(' ', StringComparison.Ordinal)], what, isDetail: true);
        }
        // Commits are recorded from the store, where their changes are known.
    }

    /// <summary>What the history says when a container starts, before the pod's uid.</summary>
    internal const string ContainerStarted = "started a container of pod ";

    private void Tell(TimelineKind kind, string who, string what, string about = "", bool isDetail = false) =>
        tell(new(clock.GetElapsedTime(_start), kind, who, what, about, isDetail));
}
