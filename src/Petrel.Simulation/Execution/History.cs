using System.Security.Cryptography;
using System.Text;

namespace Petrel.Simulation.Execution;

/// <summary>
/// What happened in a run, one line each: time since the start, who, what. The digest covers every line, so that two runs are the
/// same when their digests are.
/// </summary>
public sealed class History(TimeProvider clock, bool keepLines) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly long _start = clock.GetTimestamp();
    private readonly List<string> _lines = [];

    /// <summary>The lines so far; empty when they are not kept.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Lines appended, kept or not.</summary>
    public long Count { get; private set; }

    /// <summary>SHA-256 over all lines so far, each ended by a line feed, in lower-case hexadecimal.</summary>
    public string Digest => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Append(string who, string what)
    {
        var line = $"{clock.GetElapsedTime(_start):c} {who} {what.ReplaceLineEndings(" ")}";
        Count++;
        _hash.AppendData(Encoding.UTF8.GetBytes(line));
        _hash.AppendData("\n"u8);
        if (keepLines)
        {
            _lines.Add(line);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
