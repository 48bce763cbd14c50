namespace Petrel.Simulation.Invariants;

/// <summary>
/// No acknowledged write is lost. Each key is a register with one writer that counts up; every read must show at least the last
/// acknowledged count. Writes whose outcome the writer does not know may show or not.
/// </summary>
public sealed class AcknowledgedWrites
{
    private readonly SortedDictionary<string, (int Value, long Revision)> _acknowledged = new(StringComparer.Ordinal);

    /// <summary>The registers that have an acknowledged write, in order.</summary>
    public IReadOnlyCollection<string> Keys => _acknowledged.Keys;

    public int Count { get; private set; }

    public void Acknowledge(string key, int value, long revision)
    {
        Count++;
        if (!_acknowledged.TryGetValue(key, out var last) || value > last.Value)
        {
            _acknowledged[key] = (value, revision);
        }
    }

    /// <summary>The last acknowledged count of a key; 0 when there is none.</summary>
    public int Last(string key) => _acknowledged.TryGetValue(key, out var last) ? last.Value : 0;

    /// <summary>
    /// Checks a read that began when <paramref name="acknowledgedBefore"/> was the last acknowledged count. Returns what is wrong, or null.
    /// </summary>
    public string? Check(string key, int acknowledgedBefore, (int Value, long Revision)? found)
    {
        if (acknowledgedBefore == 0)
        {
            return null;
        }
        var last = _acknowledged[key];
        return found is null
                ? $"{key}: write {acknowledgedBefore} was acknowledged (last at resourceVersion {last.Revision}) and the object is gone"
            : found.Value.Value < acknowledgedBefore
                ? $"{key}: write {acknowledgedBefore} was acknowledged (last at resourceVersion {last.Revision}) and "
                    + $"{found.Value.Value} is read (resourceVersion {found.Value.Revision})"
            : null;
    }
}
