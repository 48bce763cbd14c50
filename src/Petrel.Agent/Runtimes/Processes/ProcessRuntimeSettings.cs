namespace Petrel.Agent.Runtimes.Processes;

/// <summary>Where the <c>process</c> runtime keeps its state, and how it starts its shims.</summary>
public sealed record ProcessRuntimeSettings
{
    /// <summary>The node's own directory: records, root file systems, exit codes. Only its owner can read it.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The address at which every pod of the node is reached.</summary>
    public required string NodeAddress { get; init; }

    /// <summary>The command that runs <see cref="ProcessShim"/>; a container's directory is added as its last argument.</summary>
    public required IReadOnlyList<string> ShimCommand { get; init; }

    /// <summary>
    /// Variables, <c>NAME=value</c>, that every program gets beside its own: by them a node's processes can be told from others.
    /// </summary>
    public IReadOnlyList<string> Environment { get; init; } = [];
}
