namespace Petrel.Agent.Runtimes.Simulated;

/// <summary>
/// What a simulated container's program does. The default runs for ever, ends at once on SIGTERM, and answers every exec with 0.
/// </summary>
public sealed record ContainerBehaviour
{
    /// <summary>The program ends by itself this long after its start; null: never.</summary>
    public TimeSpan? EndsAfter { get; init; }

    /// <summary>The code with which it ends by itself.</summary>
    public int ExitCode { get; init; }

    /// <summary>It does not end on SIGTERM, only on SIGKILL.</summary>
    public bool IgnoresTermination { get; init; }

    /// <summary>How long it takes to end after SIGTERM.</summary>
    public TimeSpan TerminationTime { get; init; }

    /// <summary>How many cores it keeps busy now.</summary>
    public double Cores { get; init; }

    /// <summary>Bytes of memory that it uses now.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>How a command that is run inside ends.</summary>
    public Func<IReadOnlyList<string>, SimulatedCommand> Exec { get; init; } = static _ => new SimulatedCommand();
}

/// <summary>A command that is run inside a simulated container.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Duration">How long it takes.</param>
public sealed record SimulatedCommand(int ExitCode = 0, TimeSpan Duration = default);
