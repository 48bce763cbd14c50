using System.Security.Cryptography;
using System.Text.Json;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Invariants;
using Petrel.Store;

namespace Petrel.Simulation.World;

/// <summary>
/// Writes each commit into the history, applies it to the facts and puts it before the invariants; what they say is a finding.
/// </summary>
public sealed class CommitObserver(Simulator simulator, ClusterFacts facts, IReadOnlyList<IInvariant> invariants)
{
    // The kinds that no invariant looks at: not worth parsing at every commit.
    private static readonly string[] Ignored = ["/registry/core/events/", "/registry/events.k8s.io/", "/registry/coordination.k8s.io/"];

    /// <summary>Commits seen so far.</summary>
    public long Commits { get; private set; }

    public void Observe(IReadOnlyList<StoreOperation> operations, long revision)
    {
        Commits++;
        var changes = new List<DocumentChange>(operations.Count);
        foreach (var (key, value, _) in operations)
        {
            simulator.History.Append(
                "store",
                value is { } bytes
                    ? $"{revision} put {key} {Convert.ToHexStringLower(SHA256.HashData(bytes.Span).AsSpan(0, 8))}"
                    : $"{revision} delete {key}"
            );
            // What is not in the registry are the server's own notes.
            if (
                key.StartsWith("/registry/", StringComparison.Ordinal)
                && !Array.Exists(Ignored, prefix => key.StartsWith(prefix, StringComparison.Ordinal))
            )
            {
                changes.Add(new(key, revision, facts.Find(key), value is { } after ? JsonElement.Parse(after.Span) : null));
            }
        }
        if (changes.Count == 0)
        {
            return;
        }
        facts.Apply(changes);
        foreach (var invariant in invariants)
        {
            if (invariant.Observe(changes) is { } problem)
            {
                simulator.Report(invariant.Name, problem);
            }
        }
    }
}
