using System.Security.Cryptography;
using System.Text.Json;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Invariants;
using Petrel.Store;

namespace Petrel.Simulation.World;

/// <summary>Writes each commit into the history and puts it before the invariants; what they say is a finding.</summary>
public sealed class CommitObserver(Simulator simulator, IReadOnlyList<IInvariant> invariants)
{
    // The kinds that invariants look at; the others are not worth parsing at every commit.
    private static readonly string[] Judged = ["/registry/core/pods/", "/registry/apps/"];

    private readonly SortedDictionary<string, JsonElement> _objects = new(StringComparer.Ordinal);

    /// <summary>Commits seen so far.</summary>
    public long Commits { get; private set; }

    /// <summary>The objects of the judged kinds, by store key.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> Objects(string prefix) =>
        _objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal));

    public void Observe(IReadOnlyList<StoreOperation> operations, long revision)
    {
        Commits++;
        var changes = new List<DocumentChange>(operations.Count);
        foreach (var (key, value, _) in operations)
        {
            simulator.History.Append("store", value is { } bytes
                ? $"{revision} put {key} {Convert.ToHexStringLower(SHA256.HashData(bytes.Span).AsSpan(0, 8))}"
                : $"{revision} delete {key}");
            if (Array.Exists(Judged, prefix => key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                changes.Add(Apply(key, value, revision));
            }
        }
        foreach (var invariant in invariants)
        {
            if (changes.Count > 0 && invariant.Observe(changes) is { } problem)
            {
                simulator.Report(invariant.Name, problem);
            }
        }
    }

    private DocumentChange Apply(string key, ReadOnlyMemory<byte>? value, long revision)
    {
        JsonElement? before = _objects.TryGetValue(key, out var old) ? old : null;
        if (value is not { } bytes)
        {
            _objects.Remove(key);
            return new(key, revision, before, null);
        }
        var after = JsonElement.Parse(bytes.Span);
        _objects[key] = after;
        return new(key, revision, before, after);
    }
}
