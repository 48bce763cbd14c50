using System.Security.Cryptography;
using System.Text.Json;
using Petrel.Model;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;
using Petrel.Store;

namespace Petrel.Simulation.World;

/// <summary>
/// Writes each commit into the history, applies it to the facts, and shows it to the invariants. What they report is a finding.
/// </summary>
public sealed class CommitObserver(Simulator simulator, ClusterFacts facts, IReadOnlyList<IInvariant> invariants)
{
    // Kinds that no invariant uses are not parsed.
    private static readonly string[] Ignored = ["/registry/core/events/", "/registry/events.k8s.io/", "/registry/coordination.k8s.io/"];

    private long _newest;

    /// <summary>Commits seen so far.</summary>
    public long Commits { get; private set; }

    public void Observe(IReadOnlyList<StoreOperation> operations, long revision)
    {
        Invariant.Check(revision > _newest, $"revision {revision} is committed after revision {_newest}");
        _newest = revision;
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
            // Keys outside of the registry are the server's own.
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
