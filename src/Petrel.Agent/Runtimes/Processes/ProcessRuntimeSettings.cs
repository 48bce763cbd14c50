namespace Petrel.Agent.Runtimes.Processes;

/// <summary>The settings of the <c>process</c> runtime: its state directory and the command of its shims.</summary>
public sealed record ProcessRuntimeSettings
{
    /// <summary>The directory of this node's records, root file systems and exit codes. Only the owner can read it.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The address of the node, which all of its pods share.</summary>
    public required string NodeAddress { get; init; }

    /// <summary>The command that runs <see cref="ProcessShim"/>. The container's directory is appended as the last argument.</summary>
    public required IReadOnlyList<string> ShimCommand { get; init; }

    /// <summary>Additional environment variables (<c>NAME=value</c>) for every program. They identify the processes of this node.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];
}
