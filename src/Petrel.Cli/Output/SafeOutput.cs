namespace Petrel.Cli.Output;

/// <summary>
/// Writes lines whose loss must not stop anything: log entries and progress. While the output can't be written (a full disk, a closed
/// pipe), lines are counted, and the next one that gets through says how many are missing.
/// </summary>
internal sealed class SafeOutput(Func<TextWriter> output)
{
    private int _lost;

    /// <summary>Standard output, as it is at each line.</summary>
    public static SafeOutput Standard { get; } = new(static () => Console.Out);

    public void WriteLine(string line)
    {
        try
        {
            var lost = Volatile.Read(ref _lost);
            output().WriteLine(lost == 0 ? line : $"({lost} lines before this one could not be written)\n{line}");
            Interlocked.Add(ref _lost, -lost);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            Interlocked.Increment(ref _lost);
        }
    }
}
