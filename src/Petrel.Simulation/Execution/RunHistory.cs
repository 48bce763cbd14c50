using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Petrel.Simulation.Execution;

/// <summary>
/// What happened in a run, one line each: time since the start, who, what. The digest covers every line, so that two runs are the
/// same when their digests are.
/// </summary>
/// <param name="clock">The run's clock.</param>
/// <param name="lastLines">How many lines are kept, the newest ones.</param>
/// <param name="trace">Gets each line as it is written.</param>
public sealed class RunHistory(TimeProvider clock, int lastLines = int.MaxValue, Action<string>? trace = null) : IDisposable
{
    // Each call of the hash function leaves managed code, so lines are hashed many at a time.
    private const int HashedAtOnce = 16 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> _unhashed = new(2 * HashedAtOnce);
    private readonly long _start = clock.GetTimestamp();
    private readonly Queue<string> _lines = [];

    /// <summary>The newest lines, as many as are kept.</summary>
    public IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>Lines appended, kept or not.</summary>
    public long Count { get; private set; }

    /// <summary>Gets subject and text of each line as it is written; null for none.</summary>
    public Action<string, string>? Appended { get; set; }

    /// <summary>SHA-256 over all lines so far, each ended by a line feed, in lower-case hexadecimal.</summary>
    public string Digest
    {
        get
        {
            HashLines();
            return Convert.ToHexStringLower(_hash.GetCurrentHash());
        }
    }

    public void Append(string who, string what)
    {
        var line = $"{clock.GetElapsedTime(_start):c} {who} {what.ReplaceLineEndings(" ")}";
        Count++;
        Encoding.UTF8.GetBytes(line, _unhashed);
        _unhashed.Write("\n"u8);
        if (_unhashed.WrittenCount >= HashedAtOnce)
        {
            HashLines();
        }
        _lines.Enqueue(line);
        if (_lines.Count > lastLines)
        {
            _lines.Dequeue();
        }
        trace?.Invoke(line);
        Appended?.Invoke(who, what);
    }

    private void HashLines()
    {
        _hash.AppendData(_unhashed.WrittenSpan);
        _unhashed.ResetWrittenCount();
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
