namespace Petrel.Agent.Runtimes.Simulated;

/// <summary>
/// The behaviour of a simulated container's program. By default it runs forever, exits immediately on SIGTERM, and every exec returns 0.
/// </summary>
public sealed record ContainerBehaviour
{
    /// <summary>The time from the program's start until it exits by itself; null for never.</summary>
    public TimeSpan? EndsAfter { get; init; }

    /// <summary>The exit code when the program exits by itself.</summary>
    public int ExitCode { get; init; }

    /// <summary>Whether the program ignores SIGTERM and exits only on SIGKILL.</summary>
    public bool IgnoresTermination { get; init; }

    /// <summary>The time from SIGTERM until the program exits.</summary>
    public TimeSpan TerminationTime { get; init; }

    /// <summary>The current CPU usage in cores.</summary>
    public double Cores { get; init; }

    /// <summary>The current memory usage in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Returns the result of a command that is run in the container.</summary>
    public Func<IReadOnlyList<string>, SimulatedCommand> Exec { get; init; } = static _ => new SimulatedCommand();
}

/// <summary>The result of a command that is run in a simulated container.</summary>
/// <param name="ExitCode">The command's exit code.</param>
/// <param name="Duration">The command's duration.</param>
public sealed record SimulatedCommand(int ExitCode = 0, TimeSpan Duration = default);
