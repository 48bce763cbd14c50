using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>The server crashes between a commit and its response.</summary>
public static class CrashAfterCommit
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanCrashAfterCommit, NoParameters>
        {
            Name = "crash-after-commit",
            Weight = 2,
            Draw = static draw => new(new(), Duration: draw.Restart()),
            Strike = static (cluster, fault, stop) => fault.DuringAsync(cluster.CrashAfterCommitAsync(stop), stop),
            Describe = static (_, _) => "the server dies after its next commit",
        };
}
